#pragma once
#include <sys/types.h>

#include <cstddef>

namespace cafbus {

/// Living processes in that process group, its leader apart. Reads /proc: some hundred microseconds.
size_t others_in_group(pid_t leader);

} // namespace cafbus
