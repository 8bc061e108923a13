#pragma once
#include <optional>

namespace cafbus {

/// For a program that may be process 1 of a container, where every process that loses its parent becomes ours: then the
/// program goes on in a child, and this process does nothing but wait for whatever ends and pass signals on to it.
/// @pre one thread @returns the exit code to end with, to process 1, when that child has ended; nothing to whoever is
/// to go on.
std::optional<int> reap_as_process_one();

} // namespace cafbus
