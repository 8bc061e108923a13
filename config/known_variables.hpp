#pragma once
#include <span>
#include <string>
#include <vector>

namespace cafbus {

/// A sentence for each of `names` that begins with CAFBUS_ and is unknown to all commands: most likely mistyped.
std::vector<std::string> explain_unknown_variables(std::span<const std::string> names);

} // namespace cafbus
