#include "base/utf8.hpp"

#include <algorithm>

namespace cafbus {

utf8_char first_char(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80)
    return {first, 1};
  const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size)
    return {};
  uint32_t code = first & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80)
      return {};
    code = (code << 6) | (next & 0x3f);
  }
  const auto overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const auto surrogate = code >= 0xd800 && code <= 0xdfff;
  return overlong || surrogate || code > 0x10ffff ? utf8_char{} : utf8_char{code, size};
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto size = first_char(text).size;
    if (size == 0)
      return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string_view foreign_encoding(std::string_view text) noexcept {
  using namespace std::string_view_literals;
  if (text.starts_with("\xff\xfe\0\0"sv) || text.starts_with("\0\0\xfe\xff"sv))
    return "UTF-32";
  if (text.starts_with("\xff\xfe"sv) || text.starts_with("\xfe\xff"sv))
    return "UTF-16";
  const auto zeros = static_cast<size_t>(std::ranges::count(text, '\0'));
  if (zeros != 0) // in UTF-16, each letter of English is one byte beside a zero
    return text.size() >= 4 && zeros * 5 >= text.size() * 2 && zeros * 5 <= text.size() * 3 ? "UTF-16" : "binary data";
  return is_utf8(text) ? ""sv : "an 8-bit encoding such as Latin-1";
}

} // namespace cafbus
