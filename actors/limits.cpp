#include "actors/limits.hpp"

#include "actors/bus.hpp"

namespace cafbus {

reconfigure limits_of(const bus_options& x) {
  return {x.idle_timeout,  x.drain_timeout, x.queue_capacity, x.queue_bytes,  x.write_timeout,
          x.hello_timeout, x.dedup_ttl,     x.cleanup_wait,   x.cleanup_lease};
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
}

bounded_mailbox::limits mailbox_limits(const bus_options& options) {
  return {options.queue_capacity, options.queue_bytes, defaults::delivery_bytes};
}

} // namespace cafbus
