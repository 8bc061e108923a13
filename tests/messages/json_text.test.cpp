#include "messages/json_text.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

using cafbus::append_quoted;

namespace {

std::string quote(std::string_view text) {
  std::string result = "before ";
  append_quoted(result, text);
  return result.substr(7);
}

} // namespace

CAF_TEST(text without special characters stands between its quotes) {
  CAF_CHECK_EQUAL(quote(""), R"("")");
  CAF_CHECK_EQUAL(quote("im.message / \xc3\xa9"), "\"im.message / \xc3\xa9\"");
}

CAF_TEST(what JSON has a letter for is escaped by it) {
  CAF_CHECK_EQUAL(quote("a\"b\\c\b\f\n\r\t"), R"("a\"b\\c\b\f\n\r\t")");
}

CAF_TEST(other control characters are escaped by number) {
  CAF_CHECK_EQUAL(quote(std::string_view{"\0\x1f\x7f", 3}), "\"\\u0000\\u001f\x7f\"");
}

CAF_TEST(a parser reads back each character as it was) {
  for (int c = 0; c < 0x80; ++c) {
    std::string text{'<', static_cast<char>(c), '>'};
    CAF_CHECK_EQUAL(nlohmann::json::parse(quote(text)).get<std::string>(), text);
  }
}

CAF_TEST(what was escaped can be had again) {
  std::string all;
  for (int c = 0; c < 0x80; ++c)
    all += static_cast<char>(c);
  all += "u\xc3\xa9";
  for (const auto& text : {std::string{}, std::string{"plain"}, std::string{"\\u0041"}, all}) {
    const auto quoted = quote(text);
    CAF_CHECK_EQUAL(cafbus::unescaped(std::string_view{quoted}.substr(1, quoted.size() - 2)), text);
  }
}
