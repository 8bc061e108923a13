#include "base/text_encoding.hpp"

#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::string_literals;

namespace {

bool says(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(an input in a wider encoding is named with the way out) {
  CAF_CHECK(says(explain_encoding("\xff\xfe{\0"s), "iconv -f UTF-16"));
  CAF_CHECK(says(explain_encoding("\xfe\xff\0{"s), "iconv -f UTF-16"));
  CAF_CHECK(says(explain_encoding("{\0\"\0a\0"s), "iconv -f UTF-16"));
  CAF_CHECK(says(explain_encoding("\xff\xfe\0\0{\0\0\0"s), "iconv -f UTF-32"));
}

CAF_TEST(an input with lines in it is read whatever single lines hold) {
  for (const auto& input : {"\xef\xbb\xbf{}"s, "{}"s, "caf\xe9\n{}"s, "a\0b\n{}"s, ""s})
    CAF_CHECK_EQUAL(explain_encoding(input), "");
}

CAF_TEST(a line that is no JSON is explained by what it is) {
  CAF_CHECK(says(explain_not_json("\0{\0\"\0a\0\""s), "UTF-16"));
  CAF_CHECK(says(explain_not_json("{\"a\":\0}"s), "byte 6 is a NUL"));
  CAF_CHECK(says(explain_not_json("{\"a\":\"caf\xe9\"}"), "byte 10 is 0xe9"));
  CAF_CHECK(says(explain_not_json("{\"a\":\"caf\xe9\"}"), "iconv -f LATIN1"));
  CAF_CHECK(says(explain_not_json("hello world"), "plain text"));
  CAF_CHECK(says(explain_not_json("\xef\xbb\xbfhello"), "plain text"));
}

CAF_TEST(JSON with a mistake in it is not explained away) {
  for (const auto* line : {"{\"a\":}", "[info] started", "\"open", "12x", "truex", "", "  "})
    CAF_CHECK_EQUAL(explain_not_json(line), "");
}
