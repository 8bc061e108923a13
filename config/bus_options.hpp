#pragma once
#include "config/defaults.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace cafbus {

/// What a bus is told when it is spawned; all of it has a default. Durations of zero mean "never" where they say so.
struct bus_options {
  std::string app = "default";
  std::string socket;                                             ///< Path, for status; empty: serves no socket.
  std::chrono::nanoseconds idle_timeout = defaults::idle_timeout; ///< 0: never.
  uint32_t queue_capacity = defaults::queue_capacity;             ///< Events, at least 1.
  size_t queue_bytes = defaults::queue_bytes;                     ///< At least one event is always kept.
  std::chrono::nanoseconds write_timeout = defaults::write_timeout;
  uint32_t dedup_capacity = defaults::dedup_capacity; ///< Ids; 0: no deduplication.
  std::chrono::nanoseconds dedup_ttl = defaults::dedup_ttl;
  std::chrono::nanoseconds cleanup_wait = defaults::cleanup_wait;
  std::chrono::nanoseconds cleanup_lease = defaults::cleanup_lease;
  std::chrono::nanoseconds drain_timeout = defaults::drain_timeout;
  std::chrono::nanoseconds hello_timeout = defaults::hello_timeout;
  uint64_t node = 0; ///< How linked buses know this one: unique, not 0. 0: a random number.
  uint32_t max_connections = defaults::max_connections; ///< Consumers and producers on sockets; 0: no limit.
  uint32_t descriptors = 0; ///< For connections of all kinds, as the daemon found it; 0: no limit.
  uint32_t max_half_open = defaults::max_half_open;     ///< At least 1.
  size_t max_queued_bytes = defaults::max_queued_bytes; ///< Of all consumers together.
  uint32_t max_event_types = defaults::max_event_types; ///< Of one hello.
  uint32_t max_key_bytes = defaults::max_key_bytes;     ///< Of each name in a hello; at most `max_name_bytes`.
  uint32_t max_json_depth = defaults::max_json_depth;   ///< Of what is published; at most the default.
  uint32_t log_lines = defaults::log_lines;             ///< A second and cause; of the whole process.
  uint32_t source_retries = defaults::source_retries;
  std::function<void()> on_stopping; ///< Called once, from an actor, when the bus begins to stop. May be empty.
  std::chrono::nanoseconds source_max_silence = defaults::source_max_silence; ///< 0: never.
};

} // namespace cafbus
