#pragma once
#include "cli/completion.hpp"
#include "messages/frames.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Names that completion can offer because something on this machine bears them.
namespace cafbus {

/// What is asked of the disk and of the bus. An answer comes within 100 ms or not at all, and nothing is said about
/// what goes wrong: a user who presses a key has not asked for that.
name_sources names_of_this_machine();

/// Event types and keys that a bus knows: what its consumers ask for, and what has come in vain. In alphabetical order,
/// without those that cannot be shown.
std::vector<std::string> event_names(const status_response& status);

/// Whether a shell can show and insert it: text in UTF-8 without control characters, which is no option.
bool can_be_shown(std::string_view name);

} // namespace cafbus
