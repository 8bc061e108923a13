#include "cli/jq_wire.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::string_literals;

namespace {

jq_outcome there_and_back(const jq_outcome& x) {
  auto message = encode_outcome(x);
  auto content = complete_message(message);
  auto outcome = content ? decode_outcome(*content) : std::nullopt;
  if (!outcome)
    CAF_FAIL("not decoded");
  return *outcome;
}

} // namespace

CAF_TEST(an outcome arrives as it was) {
  const jq_outcome x{{"1", std::nullopt, "", "a\0\nb"s, std::string(100'000, 'x')}, "an error"};
  auto back = there_and_back(x);
  CAF_CHECK_EQUAL(back.error, x.error);
  CAF_CHECK(back.results == x.results);
}

CAF_TEST(an outcome without a result has none) {
  auto back = there_and_back({});
  CAF_CHECK(back.results.empty());
  CAF_CHECK_EQUAL(back.error, "");
}

CAF_TEST(a message is complete with its last byte) {
  auto message = encode_message("four");
  for (size_t size = 0; size < message.size(); ++size)
    CAF_CHECK(!complete_message(std::string_view{message}.substr(0, size)));
  message += "next";
  CAF_CHECK_EQUAL(complete_message(message).value_or(""), "four");
}

CAF_TEST(what is no outcome is not read beyond its end) {
  auto message = encode_outcome({{"result", std::nullopt}, "error"});
  auto content = std::string{*complete_message(message)};
  for (size_t size = 0; size < content.size(); ++size)
    if (auto outcome = decode_outcome(std::string_view{content}.substr(0, size)))
      CAF_CHECK_LESS(outcome->results.size(), 2u);
  content[0] = '\x7f';
  CAF_CHECK(!decode_outcome(content));
}
