#pragma once
#include "bench/statistics.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cafbus::bench {

/// What a mode has found: rows with the same columns. Printed as text, JSON or Markdown.
struct table {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  nlohmann::ordered_json json = nlohmann::ordered_json::array(); ///< The same, a row each, with numbers unrounded.
  std::vector<std::string> notes;
};

std::string as_text(const table& x);
std::string as_markdown(const table& x);

/// "1.23 (1.20 to 1.31)"
std::string text_of(const spread& x, double unit = 1, int decimals = 2);
nlohmann::ordered_json json_of(const spread& x);

} // namespace cafbus::bench
