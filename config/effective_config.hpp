#pragma once
#include "config/options.hpp"

#include <string>

namespace cafbus {

/// All options with their effective values, each with its origin, as a config file that says the same:
/// `key = value   # origin`. What is unset stands in a comment.
std::string effective_config(const loaded_options& options, const environment& env);

} // namespace cafbus
