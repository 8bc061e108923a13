#include "base/text_encoding.hpp"

#include "base/text.hpp"
#include "base/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace cafbus {

namespace {

std::string is_not_utf8(std::string_view encoding) {
  return "it is in " + std::string{encoding} + ", not UTF-8; convert it: iconv -f " + std::string{encoding} +
         " -t UTF-8";
}

/// The offset of the first byte that is not valid UTF-8. @pre There is one.
size_t first_bad(std::string_view text) {
  size_t i = 0;
  for (utf8_char c; i < text.size() && (c = first_char(text.substr(i))).size != 0;)
    i += c.size;
  return i;
}

std::string hex(char byte) {
  constexpr const char* digits = "0123456789abcdef";
  const auto value = static_cast<uint8_t>(byte);
  return {'0', 'x', digits[value >> 4], digits[value & 15]};
}

/// Whether a JSON value can begin so; a word such as `tru` is more likely text than a typing mistake.
bool begins_as_json(std::string_view text) {
  constexpr std::string_view first_letters = "{[\"-0123456789";
  return first_letters.find(text[0]) != std::string_view::npos || text.starts_with("true") ||
         text.starts_with("false") || text.starts_with("null");
}

} // namespace

std::string explain_encoding(std::string_view input) {
  const auto encoding = foreign_encoding(input);
  return encoding.starts_with("UTF-") ? is_not_utf8(encoding) : std::string{};
}

std::string explain_not_json(std::string_view line) {
  if (auto why = explain_encoding(line); !why.empty())
    return why;
  if (const auto nul = line.find('\0'); nul != std::string_view::npos)
    return "it is binary: byte " + std::to_string(nul + 1) + " is a NUL, which no JSON text contains";
  if (!is_utf8(line)) {
    const auto bad = first_bad(line);
    return "it is not UTF-8: byte " + std::to_string(bad + 1) + " is " + hex(line[bad]) +
           "; if it is Latin-1, convert it: iconv -f LATIN1 -t UTF-8";
  }
  const auto text = trimmed(without_bom(line));
  if (!text.empty() && !begins_as_json(text))
    return "it is plain text, not JSON; to publish lines of text, make JSON strings of them: "
           "cafbus publish --raw --type TYPE, or jq -R -c .";
  return {};
}

} // namespace cafbus
