#include "messages/json_text.hpp"

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

} // namespace cafbus
