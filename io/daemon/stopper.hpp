#pragma once
#include "io/daemon/instance.hpp"
#include "messages/words.hpp"

#include <array>
#include <chrono>
#include <string>

namespace cafbus {

struct stop_request {
  bool force = false;                ///< Also while consumers are connected; also by signals.
  bool hold = false;                 ///< Leave the marker that keeps the bus from being started on demand.
  std::chrono::nanoseconds drain{0}; ///< 0: as the bus is set.
};

/// What has become of the bus.
enum class stop_state : uint8_t {
  unknown, ///< It could not be asked.
  stopped,
  killed,
  not_running,
  refused,      ///< Consumers are connected.
  stopping,     ///< It has agreed, but has not ended.
  unresponsive, ///< It has not answered.
  orphan,       ///< It does not listen, and has not ended by itself.
};
template <>
struct vocabulary<stop_state> {
  static constexpr std::array words{"unknown", "stopped",  "killed",       "not_running",
                                    "refused", "stopping", "unresponsive", "orphan"};
};
static_assert(spells_all_up_to(stop_state::orphan));

struct stop_result {
  bool done = false; ///< There is no bus now, or another one than the one that was to be stopped.
  stop_state state = stop_state::unknown;
  int64_t pid = 0;     ///< Of the bus that was to be stopped; 0 if there was none.
  std::string message; ///< Why not, or what else is worth saying.
};

/// Stops the bus of `paths`, and returns when its alive lock is free and its socket gone, or when that cannot be had.
stop_result stop_bus_of(const app_paths& paths, const stop_request& request);

} // namespace cafbus
