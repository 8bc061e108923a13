#include "actors/limits.hpp"

#include "actors/bus.hpp"

#include <utility>

namespace cafbus {

reconfigure limits_of(const bus_options& x) {
  return {x.idle_timeout,  x.drain_timeout,    x.queue_capacity,  x.queue_bytes,   x.write_timeout,
          x.hello_timeout, x.dedup_ttl,        x.cleanup_wait,    x.cleanup_lease, x.max_connections,
          x.max_half_open, x.max_queued_bytes, x.max_event_types, x.max_key_bytes, x.log_lines};
}

void apply(const reconfigure& x, bus_options& options) {
  options.idle_timeout = x.idle_timeout;
  options.drain_timeout = x.drain_timeout;
  options.queue_capacity = x.queue_capacity;
  options.queue_bytes = x.queue_bytes;
  options.write_timeout = x.write_timeout;
  options.hello_timeout = x.hello_timeout;
  options.dedup_ttl = x.dedup_ttl;
  options.cleanup_wait = x.cleanup_wait;
  options.cleanup_lease = x.cleanup_lease;
  options.max_connections = x.max_connections;
  options.max_half_open = x.max_half_open;
  options.max_queued_bytes = x.max_queued_bytes;
  options.max_event_types = x.max_event_types;
  options.max_key_bytes = x.max_key_bytes;
  options.log_lines = x.log_lines;
}

bounded_mailbox::limits mailbox_limits(const bus_options& options, std::shared_ptr<queue_budget> budget) {
  return {options.queue_capacity, options.queue_bytes, defaults::delivery_bytes, std::move(budget)};
}

} // namespace cafbus
