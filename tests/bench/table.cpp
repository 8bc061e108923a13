#include "bench/table.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace cafbus::bench {

std::string as_text(const table& x) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < x.columns.size(); ++i) {
    auto width = x.columns[i].size();
    for (const auto& row : x.rows)
      width = std::max(width, row[i].size());
    widths.push_back(width);
  }
  auto line = [&](const std::vector<std::string>& cells) {
    std::string result;
    for (size_t i = 0; i < cells.size(); ++i)
      result += fmt::format("{:<{}}", cells[i], widths[i] + 2);
    result.erase(result.find_last_not_of(' ') + 1);
    return result + '\n';
  };
  auto result = x.title + '\n' + line(x.columns);
  for (const auto& row : x.rows)
    result += line(row);
  for (const auto& note : x.notes)
    result += note + '\n';
  return result;
}

std::string as_markdown(const table& x) {
  auto line = [](const std::vector<std::string>& cells) {
    std::string result = "|";
    for (const auto& cell : cells)
      result += ' ' + cell + " |";
    return result + '\n';
  };
  auto result = "### " + x.title + "\n\n" + line(x.columns) + line(std::vector<std::string>(x.columns.size(), "---"));
  for (const auto& row : x.rows)
    result += line(row);
  for (const auto& note : x.notes)
    result += '\n' + note + '\n';
  return result;
}

std::string text_of(const spread& x, double unit, int decimals) {
  return fmt::format("{:.{}f} ({:.{}f} to {:.{}f})", x.median / unit, decimals, x.min / unit, decimals, x.max / unit,
                     decimals);
}

nlohmann::ordered_json json_of(const spread& x) {
  return {{"median", x.median}, {"min", x.min}, {"max", x.max}};
}

} // namespace cafbus::bench
