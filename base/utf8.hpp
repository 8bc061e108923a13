#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

/// Text in UTF-8, and what it is that is not.
namespace cafbus {

/// A character that stands at the start of a text.
struct utf8_char {
  uint32_t code = 0;
  size_t size = 0; ///< In bytes; 0: no character in UTF-8 stands there.
};

/// @pre `text` is not empty.
utf8_char first_char(std::string_view text) noexcept;

bool is_utf8(std::string_view text) noexcept;

/// `text` without the byte order mark that some editors put in front of UTF-8.
constexpr std::string_view without_bom(std::string_view text) noexcept {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

/// What `text` is encoded in, for people: "UTF-16", "UTF-32", "binary data" (it has a NUL), "an 8-bit encoding such as
/// Latin-1"; empty if it is UTF-8. A part of a text must end with a whole character.
std::string_view foreign_encoding(std::string_view text) noexcept;

} // namespace cafbus
