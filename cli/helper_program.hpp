#pragma once
#include <string>
#include <vector>

/// Parts of cafbus that are programs of their own, with needs of their own: `cafbus http` is cafbus-http. This program
/// finds them and becomes them.
namespace cafbus {

/// The file of this program; empty if it cannot be known.
std::string own_program();

/// `name` beside the program `self`, where a build leaves it, or in ../libexec/cafbus, where it is installed. Empty if
/// it is in neither place.
std::string find_helper(const std::string& self, const std::string& name);

/// Becomes `program`. @param arguments The first is its name. @returns an exit code if that does not work, after a
/// complaint.
int become(const std::string& program, std::vector<std::string> arguments);

} // namespace cafbus
