#pragma once
#include "base/result.hpp"
#include "messages/frames.hpp"

#include <string>
#include <vector>

/// What the hooks of a consumer find around them: the bus runs them, but they are the consumer's commands, and mean its
/// PATH, its folder and its umask.
namespace cafbus {

/// Puts environment, folder and umask of this process into a hello that brings hooks. For a program with one thread.
/// @param environment NAME=VALUE, ends with a null.
/// @returns what could not be taken along, a sentence each, for people. Fails if the environment is larger than a bus
/// takes; the text says the way out.
result<std::vector<std::string>> add_hook_surroundings(hello& x, const char* const* environment);

/// For a bus of another user: its hooks run as that user, whom our environment is no business of.
hello without_hook_surroundings(hello x);

} // namespace cafbus
