#include "config/quoted.hpp"

namespace cafbus::log {

std::string quoted(std::string_view text, size_t max_bytes) {
  constexpr const char* digits = "0123456789abcdef";
  std::string result = "\"";
  for (auto c : text.substr(0, max_bytes)) {
    auto byte = static_cast<unsigned char>(c);
    switch (c) {
    case '"':
      result += "\\\"";
      break;
    case '\\':
      result += "\\\\";
      break;
    case '\n':
      result += "\\n";
      break;
    case '\r':
      result += "\\r";
      break;
    case '\t':
      result += "\\t";
      break;
    default:
      if (byte >= 0x20 && byte < 0x7f)
        result += c;
      else
        result.append({'\\', 'x', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return result + (text.size() > max_bytes ? "\"..." : "\"");
}

} // namespace cafbus::log
