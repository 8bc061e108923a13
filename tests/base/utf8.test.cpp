#include "base/utf8.hpp"

#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::string_literals;

namespace {

/// An ASCII text as UTF-16, little endian, without a mark.
std::string wide(std::string_view text) {
  std::string result;
  for (auto c : text)
    result.append({c, '\0'});
  return result;
}

} // namespace

CAF_TEST(characters of all sizes are read) {
  CAF_CHECK_EQUAL(first_char("a").code, 0x61u);
  CAF_CHECK_EQUAL(first_char("\u00e9x").code, 0xe9u);
  CAF_CHECK_EQUAL(first_char("\u20ac").size, 3u);
  CAF_CHECK_EQUAL(first_char("\U0001f600").code, 0x1f600u);
}

CAF_TEST(what is no character in this encoding is told) {
  for (const auto& text : {"\xe9"s, "\xc0\xaf"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s, "\xe2\x82"s, "\x80"s, "\xff"s}) {
    CAF_CHECK_EQUAL(first_char(text).size, 0u);
    CAF_CHECK(!is_utf8("ok " + text));
  }
  CAF_CHECK(is_utf8(""));
  CAF_CHECK(is_utf8("caf\u00e9"));
}

CAF_TEST(a byte order mark is left out) {
  CAF_CHECK_EQUAL(without_bom("\xef\xbb\xbf{}"), "{}");
  CAF_CHECK_EQUAL(without_bom("{}"), "{}");
}

CAF_TEST(other encodings are told by their name) {
  CAF_CHECK_EQUAL(foreign_encoding("\xff\xfe"s + wide("key = value")), "UTF-16");
  CAF_CHECK_EQUAL(foreign_encoding(wide("key = value")), "UTF-16");
  CAF_CHECK_EQUAL(foreign_encoding("\xff\xfe\0\0k\0\0\0"s), "UTF-32");
  CAF_CHECK_EQUAL(foreign_encoding("PK\x03\x04 some \0 bytes of a file"s), "binary data");
  CAF_CHECK_EQUAL(foreign_encoding("caf\xe9"), "an 8-bit encoding such as Latin-1");
  CAF_CHECK_EQUAL(foreign_encoding("caf\u00e9"), "");
  CAF_CHECK_EQUAL(foreign_encoding(""), "");
}
