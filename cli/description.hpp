#pragma once
#include <string>

namespace CLI {
class App;
}

namespace cafbus {

/// All commands with their options and texts, and the table of options, as one JSON object: what the manual is made
/// from, and for programs that wrap this one.
std::string description_of(const CLI::App& program);

} // namespace cafbus
