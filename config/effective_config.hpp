#pragma once
#include "config/options.hpp"

#include <string>
#include <vector>

namespace cafbus {

/// One value that holds.
struct effective_value {
  std::string option; ///< A repeatable one has an entry for each of its values.
  std::string value;  ///< Empty: unset.
  origin from = origin::default_value;
  std::string place; ///< --FLAG, VARIABLE or FILE:LINE; empty for a default.
};

/// All options with their values, in the order of `option_table`, each with its origin.
std::vector<effective_value> effective_values(const loaded_options& options, const environment& env);

/// The same as a config file that says it: `key = value   # origin`. What is unset stands in a comment.
std::string effective_config(const loaded_options& options, const environment& env);

} // namespace cafbus
