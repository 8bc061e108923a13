#include "config/duration.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

nanoseconds good(std::string_view text) {
  auto parsed = parse_duration(text);
  return parsed ? *parsed : -1ns;
}

std::string bad(std::string_view text) {
  auto parsed = parse_duration(text);
  return parsed ? "" : parsed.error().text;
}

bool is_size(std::string_view text, uint64_t expected) {
  auto parsed = parse_size(text);
  return parsed && *parsed == expected;
}

bool is_no_size(std::string_view text) {
  return !parse_size(text);
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

CAF_TEST(a duration may have decimals as long as they are whole nanoseconds) {
  CAF_CHECK(good("0.5s") == 500ms);
  CAF_CHECK(good("1.25h") == 75min);
  CAF_CHECK(good("2.000000001s") == 2s + 1ns);
  CAF_CHECK(good("1.50s") == 1500ms);
  for (auto text : {"0.5ns", "0.0000000001s", "1.s", ".5s", "1.5", "1..5s", "1.5.5s", "0.1234567890123456789d"})
    CAF_CHECK_NOT_EQUAL(bad(text), "");
}

CAF_TEST(a duration may have several units with the larger ones first) {
  CAF_CHECK(good("1m30s") == 90s);
  CAF_CHECK(good("1h30min") == 90min);
  CAF_CHECK(good("1d2h3m4s5ms6us7ns") == 26h + 3min + 4s + 5ms + 6us + 7ns);
  CAF_CHECK(good("1m1.5s") == 61s + 500ms);
  CAF_CHECK(bad("30s1m").find("larger units first") != std::string::npos);
  for (auto text : {"1m1min", "1s1s", "1m30", "1m 30s", "106751d24h"})
    CAF_CHECK_NOT_EQUAL(bad(text), "");
}

CAF_TEST(zero and never need no unit) {
  CAF_CHECK(good("0") == 0ns);
  CAF_CHECK(good("never") == 0ns);
}

CAF_TEST(a bare number is refused and the error names the ways out) {
  auto error = bad("30");
  CAF_CHECK(error.find("\"30\" has no unit") != std::string::npos);
  CAF_CHECK(error.find("250ms, 0.5s, 1m30s or 2h, or 0 or never") != std::string::npos);
}

CAF_TEST(what is no duration is refused) {
  for (auto text :
       {"", "s", "-5s", "+5s", "5 s", "5S", "5sec", " 5s", "5s ", "0x5s", "Never", "5m\n", "5m-3s", "nevers"})
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
  CAF_CHECK(is_size("8M", 8'388'608));
  CAF_CHECK(is_size("64k", 65'536));
  CAF_CHECK(is_size("1.5G", 1'610'612'736));
}

CAF_TEST(what is no size is refused) {
  for (auto text : {"", "MiB", "8MB", "8 MiB", "-1", "1.5", "1.3K", "1G1M", "18446744073709551616", "17179869184GiB"})
    CAF_CHECK(is_no_size(text));
}

CAF_TEST(a size is written in the largest unit that is exact) {
  CAF_CHECK_EQUAL(size_text(8'388'608), "8MiB");
  CAF_CHECK_EQUAL(size_text(1'000), "1000");
  CAF_CHECK_EQUAL(size_text(0), "0");
}

CAF_TEST(a count has digits only) {
  CAF_CHECK(*parse_count("4096") == 4096);
  for (auto text : {"", "-1", "1k", "1.0", " 1", "18446744073709551616"})
    CAF_CHECK(!parse_count(text));
}
