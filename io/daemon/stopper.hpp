#pragma once
#include "io/daemon/instance.hpp"

#include <chrono>
#include <string>

namespace cafbus {

struct stop_request {
  bool force = false;                ///< Also while consumers are connected; also by signals.
  bool hold = false;                 ///< Leave the marker that keeps the bus from being started on demand.
  std::chrono::nanoseconds drain{0}; ///< 0: as the bus is set.
};

struct stop_result {
  bool done = false;   ///< There is no bus now, or another one than the one that was to be stopped.
  std::string state;   ///< stopped, killed, not_running, refused, or that of `look_at`.
  int64_t pid = 0;     ///< Of the bus that was to be stopped; 0 if there was none.
  std::string message; ///< Why not, or what else is worth saying.
};

/// Stops the bus of `paths`, and returns when its alive lock is free and its socket gone, or when that cannot be had.
stop_result stop_bus_of(const app_paths& paths, const stop_request& request);

} // namespace cafbus
