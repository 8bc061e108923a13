#pragma once
#include <optional>

namespace cafbus {

/// For a program that may be process 1 of a container, where every process that loses its parent becomes ours: then the
/// program continues in a child, and this process only reaps children and passes signals on to it.
/// @pre one thread @returns in process 1, once that child has ended, the exit code to end with; nothing in the process
/// that continues.
std::optional<int> reap_as_process_one();

} // namespace cafbus
