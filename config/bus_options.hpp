#pragma once
#include "base/spawn.hpp"
#include "config/reload_result.hpp"
#include "config/runtime_limits.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace cafbus {

/// Reads the time of day, from any thread; empty: the system's clock. Tests have one of their own.
using wall_clock = std::function<std::chrono::system_clock::time_point()>;

inline std::chrono::system_clock::time_point time_of_day(const wall_clock& x) {
  return x ? x() : std::chrono::system_clock::now();
}

/// What a bus is told when it is spawned: its limits, and what stays as it is while it runs. All of it has a default.
struct bus_options : runtime_limits {
  std::string app = "default";
  std::string socket = {};                            ///< Path, for status; empty: serves no socket.
  uint32_t dedup_capacity = defaults::dedup_capacity; ///< Ids; 0: no deduplication.
  uint64_t node = 0;        ///< How linked buses know this one: unique, not 0. 0: a random number.
  uint32_t descriptors = 0; ///< For connections of all kinds, as the daemon found it; 0: no limit.
  /// Subscription ids whose `on_first` may have left processes that have its standard error: a descriptor each.
  uint32_t max_left_groups = defaults::max_left_groups;
  std::chrono::nanoseconds link_grace = defaults::link_grace; ///< After a lost link; 0: none.
  uint32_t source_retries = defaults::source_retries;
  command_defaults commands = {}; ///< Of hooks whose consumer says nothing about it.
  std::chrono::nanoseconds source_max_silence = defaults::source_max_silence; ///< 0: never.
  std::function<void()> on_stopping = {}; ///< Called once, from an actor, when the bus begins to stop. May be empty.
  cafbus::wall_clock wall_clock = {};     ///< For `observed_at`, status and the age of what is replayed.
  /// Called from an actor when a client asks for the configuration to be read again; the answer is called once, from
  /// any thread. Empty: there is none to read.
  std::function<void(reload_answer)> on_reload = {};
};

} // namespace cafbus
