#include "base/shell_word.hpp"

namespace cafbus {

std::string shell_word(std::string_view text) {
  constexpr std::string_view harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,@%+=-";
  if (!text.empty() && text.find_first_not_of(harmless) == std::string_view::npos)
    return std::string{text};
  std::string result = "'";
  for (auto c : text) {
    if (c == '\'')
      result += "'\\'";
    result += c;
  }
  return result + '\'';
}

} // namespace cafbus
