#pragma once
#include "config/defaults.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace cafbus {

/// The limits of a bus: as options set them, as a change at run time brings them, and as status shows them. A new one
/// is a member here, a row of the options table (options.cpp) and a row of status (frame_layout.hpp).
struct runtime_limits {
  std::chrono::nanoseconds idle_timeout = defaults::idle_timeout; ///< 0: never.
  std::chrono::nanoseconds drain_timeout = defaults::drain_timeout;
  uint32_t queue_capacity = defaults::queue_capacity; ///< Events, at least 1.
  size_t queue_bytes = defaults::queue_bytes;         ///< At least one event is always kept.
  std::chrono::nanoseconds write_timeout = defaults::write_timeout;
  std::chrono::nanoseconds hello_timeout = defaults::hello_timeout;
  std::chrono::nanoseconds dedup_ttl = defaults::dedup_ttl;
  std::chrono::nanoseconds cleanup_wait = defaults::cleanup_wait;
  std::chrono::nanoseconds cleanup_lease = defaults::cleanup_lease;
  std::chrono::nanoseconds hook_timeout = defaults::hook_timeout;
  uint32_t max_hooks = defaults::max_hooks;             ///< At once, at least 1.
  uint32_t max_connections = defaults::max_connections; ///< Consumers and producers on sockets; 0: no limit.
  uint32_t max_half_open = defaults::max_half_open;     ///< At least 1.
  size_t max_queued_bytes = defaults::max_queued_bytes; ///< Of all consumers together.
  uint32_t max_event_types = defaults::max_event_types; ///< Of one hello.
  uint32_t max_key_bytes = defaults::max_key_bytes;     ///< Of each name in a hello; at most `max_name_bytes`.
  uint32_t history_events = defaults::history_events;   ///< Kept for consumers that come later; 0: none.
  size_t history_bytes = defaults::history_bytes;       ///< Of the batches that hold them; 0: there is no history.
  std::chrono::nanoseconds history_age = defaults::history_age; ///< Of each of them; 0: any.
  uint32_t max_json_depth = defaults::max_json_depth;           ///< Of what is published; at most the default.
  uint32_t log_lines = defaults::log_lines;                     ///< Per second and cause; of the whole process.
  bool operator==(const runtime_limits&) const = default;
};

} // namespace cafbus
