#pragma once
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cafbus {

/// Splits a command into its words as a shell would, and does nothing else that a shell does: no variables, patterns,
/// pipes or redirections; `sh -c '...'` is there for those. Blanks separate words. Between single quotes everything
/// stands for itself; between double quotes all but `\"` and `\\`; elsewhere a backslash makes the next character stand
/// for itself. `''` is an empty word.
/// @returns the words, at least one.
result<std::vector<std::string>> split_command(std::string_view text);

} // namespace cafbus
