#pragma once
#include <sys/types.h>

#include <cstddef>

namespace cafbus {

/// Running processes in that process group, without its leader. Reads /proc, which takes some hundred microseconds.
size_t others_in_group(pid_t leader);

} // namespace cafbus
