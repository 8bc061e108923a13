#pragma once
#include "actors/history.hpp"
#include "config/bus_options.hpp"
#include "messages/actors.hpp"

#include <caf/fwd.hpp>
#include <chrono>

namespace cafbus {

struct hub_options {
  uint32_t dedup_capacity = 0; ///< Ids; 0: no deduplication.
  std::chrono::nanoseconds dedup_ttl{0};
  idle_supervisor_actor supervisor; ///< Told of every consumer that comes and goes; may be null.
  uint64_t node = 0;                ///< How linked buses know this one.
  history::bounds past = {};        ///< Events that it keeps.
  uint64_t epoch = 1;               ///< Of its cursors: another one than that of any bus before; not 0.
  cafbus::wall_clock wall_clock = {};
};

/// Spawns the hub: routes each batch to the conns that want some of it (`event_router`), keeps the newest status of
/// each source for those who come later, and knows every consumer. It notices the end of a conn by itself.
///
/// Runs on the multiplexer's thread where the system has the I/O module, on workers otherwise.
hub_actor spawn_hub(caf::actor_system& system, hub_options options);

} // namespace cafbus
