#include "config/duration.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

nanoseconds good(std::string_view text) {
  auto parsed = parse_duration(text);
  return std::holds_alternative<nanoseconds>(parsed) ? std::get<nanoseconds>(parsed) : -1ns;
}

std::string bad(std::string_view text) {
  auto parsed = parse_duration(text);
  return std::holds_alternative<std::string>(parsed) ? std::get<std::string>(parsed) : "";
}

bool is_size(std::string_view text, uint64_t expected) {
  auto parsed = parse_size(text);
  return std::holds_alternative<uint64_t>(parsed) && std::get<uint64_t>(parsed) == expected;
}

bool is_no_size(std::string_view text) {
  return std::holds_alternative<std::string>(parse_size(text));
}

} // namespace

CAF_TEST(a duration is a number with a unit) {
  CAF_CHECK(good("250ms") == 250ms);
  CAF_CHECK(good("5s") == 5s);
  CAF_CHECK(good("1m") == 1min);
  CAF_CHECK(good("1min") == 1min);
  CAF_CHECK(good("2h") == 2h);
  CAF_CHECK(good("3d") == 72h);
  CAF_CHECK(good("7us") == 7us);
  CAF_CHECK(good("9ns") == 9ns);
}

CAF_TEST(zero and never need no unit) {
  CAF_CHECK(good("0") == 0ns);
  CAF_CHECK(good("never") == 0ns);
}

CAF_TEST(a bare number is refused and the error names the ways out) {
  auto error = bad("30");
  CAF_CHECK(error.find("\"30\" has no unit") != std::string::npos);
  CAF_CHECK(error.find("250ms, 5s, 1min or 2h, or 0 or never") != std::string::npos);
}

CAF_TEST(what is no duration is refused) {
  for (auto text :
       {"", "s", "-5s", "+5s", "5 s", "5S", "5sec", "1.5s", " 5s", "5s ", "1h30min", "0x5s", "Never", "5m\n"})
    CAF_CHECK_NOT_EQUAL(bad(text), "");
}

CAF_TEST(a duration beyond the range is refused instead of wrapping) {
  CAF_CHECK(good("106751d") == 106751 * 24h);
  CAF_CHECK_NOT_EQUAL(bad("106752d"), "");
  CAF_CHECK_NOT_EQUAL(bad("99999999999999999999s"), "");
  CAF_CHECK(good("9223372036854775807ns") == nanoseconds::max());
  CAF_CHECK_NOT_EQUAL(bad("9223372036854775808ns"), "");
}

CAF_TEST(an error shows no control characters) {
  CAF_CHECK(bad("5\x1b[1m").find('\x1b') == std::string::npos);
}

CAF_TEST(a duration is written in the largest unit that is exact) {
  CAF_CHECK_EQUAL(to_text(0s), "0");
  CAF_CHECK_EQUAL(to_text(30s), "30s");
  CAF_CHECK_EQUAL(to_text(90s), "90s");
  CAF_CHECK_EQUAL(to_text(60s), "1min");
  CAF_CHECK_EQUAL(to_text(7h), "7h");
  CAF_CHECK_EQUAL(to_text(48h), "2d");
  CAF_CHECK_EQUAL(to_text(1500ms), "1500ms");
  CAF_CHECK_EQUAL(to_text(-5s), "-5s");
  CAF_CHECK_EQUAL(to_text(nanoseconds::min()), "-9223372036854775808ns");
}

CAF_TEST(what is written can be read back) {
  for (auto x :
       {1ns, 999ns, nanoseconds{1us}, nanoseconds{250ms}, nanoseconds{61s}, nanoseconds{25h}, nanoseconds::max()})
    CAF_CHECK(good(to_text(x)) == x);
}

CAF_TEST(a size is a number of bytes or of binary units) {
  CAF_CHECK(is_size("0", 0));
  CAF_CHECK(is_size("1048576", 1'048'576));
  CAF_CHECK(is_size("256KiB", 262'144));
  CAF_CHECK(is_size("8MiB", 8'388'608));
  CAF_CHECK(is_size("1GiB", 1'073'741'824));
}

CAF_TEST(what is no size is refused) {
  for (auto text : {"", "MiB", "8M", "8MB", "8 MiB", "-1", "1.5MiB", "18446744073709551616", "17179869184GiB"})
    CAF_CHECK(is_no_size(text));
}

CAF_TEST(a size is written in the largest unit that is exact) {
  CAF_CHECK_EQUAL(size_text(8'388'608), "8MiB");
  CAF_CHECK_EQUAL(size_text(1'000), "1000");
  CAF_CHECK_EQUAL(size_text(0), "0");
}

CAF_TEST(a count has digits only) {
  CAF_CHECK(std::get<uint64_t>(parse_count("4096")) == 4096);
  for (auto text : {"", "-1", "1k", "1.0", " 1", "18446744073709551616"})
    CAF_CHECK(std::holds_alternative<std::string>(parse_count(text)));
}
