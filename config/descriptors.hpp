#pragma once
#include <cstdint>
#include <sys/types.h>

/// How many file descriptors this process may have.
namespace cafbus {

/// Raises the soft limit to the hard one, once. @returns the limit that holds then.
uint64_t raise_descriptor_limit();

/// Gives a child the soft limit that we were started with: programs that use select() break beyond 1,024.
void restore_descriptor_limit(pid_t child);

} // namespace cafbus
