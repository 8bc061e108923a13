#include "cli/cells.hpp"

#include "base/utf8.hpp"
#include "cli/console.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cwchar>

namespace cafbus {

namespace {

/// Selects how the character before it looks; terminals disagree on how wide it is then.
bool is_variation_selector(uint32_t code) {
  return code >= 0xfe00 && code <= 0xfe0f;
}

/// Where the longest part of `text` ends that fits into `cells`, with the accents on its last character.
size_t end_within(std::string_view text, size_t cells) {
  size_t at = 0;
  for (size_t used = 0; at < text.size();) {
    const auto c = first_char(text.substr(at));
    used += static_cast<size_t>(std::max(0, ::wcwidth(static_cast<wchar_t>(c.code))));
    if (used > cells)
      break;
    at += std::max<size_t>(c.size, 1);
  }
  return at;
}

} // namespace

std::string shown(std::string_view text) {
  const auto safe = plain(text);
  std::string result;
  for (std::string_view rest = safe; !rest.empty();) {
    const auto c = first_char(rest);
    const auto size = std::max<size_t>(c.size, 1);
    if (::wcwidth(static_cast<wchar_t>(c.code)) < 0)
      result += '?';
    else if (!is_variation_selector(c.code))
      result += rest.substr(0, size);
    rest.remove_prefix(size);
  }
  return result;
}

size_t cells_of(std::string_view text) {
  size_t result = 0;
  while (!text.empty()) {
    const auto c = first_char(text);
    result += static_cast<size_t>(std::max(0, ::wcwidth(static_cast<wchar_t>(c.code))));
    text.remove_prefix(std::max<size_t>(c.size, 1));
  }
  return result;
}

std::string fitted(std::string_view text, size_t cells, alignment side) {
  auto result = shown(text);
  if (cells_of(result) > cells) {
    const std::string ellipsis = cells == 0 ? "" : ::wcwidth(L'\u2026') == 1 ? "\u2026" : ">";
    result.resize(end_within(result, cells - cells_of(ellipsis)));
    result += ellipsis;
  }
  const std::string blanks(cells - cells_of(result), ' ');
  return side == alignment::left ? result + blanks : blanks + result;
}

std::vector<std::string> wrapped(std::string_view text, size_t cells) {
  std::vector<std::string> result;
  const auto all = shown(text);
  std::string_view rest = all;
  do {
    auto end = end_within(rest, cells);
    if (end < rest.size())
      if (auto blank = rest.substr(0, end + 1).rfind(' '); blank != std::string_view::npos && blank != 0)
        end = blank;
    result.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end);
    if (rest.starts_with(' '))
      rest.remove_prefix(1);
  } while (!rest.empty());
  return result;
}

std::string short_number(double x) {
  std::array<char, 32> text{};
  const auto print = [&](const char* format, double value) {
    std::snprintf(text.data(), text.size(), format, value);
    return std::string{text.data()};
  };
  if (x < 9.95 && std::round(x * 10) != std::round(x) * 10)
    return print("%.1f", x);
  if (x < 99'999.5)
    return print("%.0f", x);
  for (const auto* unit : {"k", "M", "G"}) {
    x /= 1'000;
    if (x < 99.95)
      return print("%.1f", x) + unit;
    if (x < 999.5)
      return print("%.0f", x) + unit;
  }
  return print("%.0e", x * 1e9);
}

} // namespace cafbus
