#pragma once
#include <span>
#include <string>
#include <vector>

namespace cafbus {

/// A sentence for each of `names` that begins with CAFBUS_ and means nothing to any command: most likely mistyped.
std::vector<std::string> explain_unknown_variables(std::span<const std::string> names);

} // namespace cafbus
