#pragma once
#include "base/unique_fd.hpp"

#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace cafbus::bench {

/// Counts the system calls of processes from now on, by the kernel's own counters (those of perf). While one is there,
/// every system call of the machine takes a little longer: whoever takes times as well does not count.
class call_counter {
public:
  /// Whether the kernel lets this user count.
  static bool allowed();

  /// All threads that they have, and those that these start.
  /// @pre `allowed()`
  explicit call_counter(const std::vector<pid_t>& pids);

  /// Of all of them so far.
  uint64_t count() const;

private:
  std::vector<unique_fd> counters_;
};

} // namespace cafbus::bench
