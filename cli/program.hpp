#pragma once
#include "base/result.hpp"
#include "cli/commands.hpp"

#include <string>
#include <vector>

namespace cafbus {

/// Understands the arguments of the program, its name left out. A failure names the argument that is wrong and what was
/// probably meant. Nothing is run.
result<command> parse_command_line(const std::vector<std::string>& arguments);

} // namespace cafbus
