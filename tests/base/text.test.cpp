#include "base/text.hpp"

#include <array>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

constexpr std::array<std::string_view, 4> names{"idle-timeout", "queue-bytes", "queue-capacity", "app"};

} // namespace

CAF_TEST(a text loses the blanks around it and no others) {
  CAF_CHECK_EQUAL(trimmed(" \t a b\r\n"), "a b");
  CAF_CHECK_EQUAL(trimmed("a"), "a");
  CAF_CHECK_EQUAL(trimmed(" \r\n"), "");
  CAF_CHECK_EQUAL(trimmed(""), "");
}

CAF_TEST(the name that was meant is found) {
  CAF_CHECK_EQUAL(nearest("idle-timout", names), "idle-timeout");
  CAF_CHECK_EQUAL(nearest("idle_timeout", names), "idle-timeout");
  CAF_CHECK_EQUAL(nearest("queue-byte", names), "queue-bytes");
  CAF_CHECK_EQUAL(nearest("queue-capcaity", names), "queue-capacity");
  CAF_CHECK_EQUAL(nearest("apps", names), "app");
  CAF_CHECK_EQUAL(nearest("pap", names), "app");
}

CAF_TEST(what is near to no name is not guessed) {
  for (auto text : {"", "x", "verbose", "timeout", "abc"})
    CAF_CHECK_EQUAL(nearest(text, names), "");
  CAF_CHECK_EQUAL(nearest(std::string(100'000, 'q'), names), "");
  std::string long_name(100, 'q');
  std::array<std::string_view, 1> one{long_name};
  CAF_CHECK_EQUAL(nearest("queue-bytes", one), "");
}

CAF_TEST(a text is a literal if all of it is the same) {
  CAF_CHECK(is_literal("payload", "payload"));
  CAF_CHECK(is_literal("", ""));
  for (auto text : {"", "payloa", "payloads", "paylaod"})
    CAF_CHECK(!is_literal(text, "payload"));
}

CAF_TEST(a message ends with the guess or without one) {
  CAF_CHECK_EQUAL(did_you_mean("ap", names), "; did you mean app?");
  CAF_CHECK_EQUAL(did_you_mean("verbose", names), "");
}
