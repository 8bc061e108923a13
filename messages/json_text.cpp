#include "messages/json_text.hpp"

#include <charconv>

namespace cafbus {

namespace {

/// What follows the backslash in the short escape of `c`, or 0 if it has none.
char short_escape(char c) {
  switch (c) {
  case '"':
  case '\\':
    return c;
  case '\b':
    return 'b';
  case '\f':
    return 'f';
  case '\n':
    return 'n';
  case '\r':
    return 'r';
  case '\t':
    return 't';
  default:
    return 0;
  }
}

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

} // namespace

void append_quoted(std::string& out, std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  size_t kept = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = text[i];
    if (!needs_escape(c))
      continue;
    out.append(text, kept, i - kept);
    kept = i + 1;
    out += '\\';
    if (const auto letter = short_escape(c)) {
      out += letter;
    } else {
      out += "u00";
      out += digits[static_cast<size_t>(c) >> 4];
      out += digits[static_cast<size_t>(c) & 15];
    }
  }
  out.append(text, kept);
  out += '"';
}

std::string unescaped(std::string_view text) {
  static constexpr std::string_view letters = "bfnrt";
  static constexpr std::string_view meant = "\b\f\n\r\t";
  std::string result;
  while (!text.empty()) {
    const auto plain = text.substr(0, text.find('\\'));
    result += plain;
    text.remove_prefix(plain.size());
    if (text.size() < 2)
      break;
    const auto c = text[1];
    text.remove_prefix(2);
    if (c == 'u' && text.size() >= 4) {
      unsigned code = 0; // below 0x20
      std::from_chars(text.data(), text.data() + 4, code, 16);
      result += static_cast<char>(code);
      text.remove_prefix(4);
    } else {
      const auto i = letters.find(c);
      result += i == std::string_view::npos ? c : meant[i];
    }
  }
  return result;
}

} // namespace cafbus
