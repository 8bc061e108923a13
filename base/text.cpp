#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace cafbus {

namespace {

constexpr size_t longest_name = 64;

/// Letters to leave out, add, change or swap with their neighbour until `a` is `b` (optimal string alignment).
size_t distance(std::string_view a, std::string_view b) {
  std::array<std::array<size_t, longest_name + 1>, 3> rows{}; // of the last but one, the last and this letter of `a`
  for (size_t j = 0; j <= b.size(); ++j)
    rows[1][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[2];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({rows[1][j] + 1, row[j - 1] + 1, rows[1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], rows[0][j - 2] + 1);
    }
    rows[0] = rows[1];
    rows[1] = row;
  }
  return rows[1][b.size()];
}

} // namespace

std::string_view nearest(std::string_view text, std::span<const std::string_view> names) {
  std::string_view result;
  auto least = std::max<size_t>(text.size() / 3, 1) + 1;
  if (text.size() < 2 || text.size() > longest_name)
    return result;
  for (auto name : names) {
    if (name.size() > longest_name)
      continue;
    if (auto x = distance(text, name); x < least) {
      least = x;
      result = name;
    }
  }
  return result;
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> names) {
  auto name = nearest(text, names);
  return name.empty() ? std::string{} : "; did you mean " + std::string{name} + '?';
}

} // namespace cafbus
