#pragma once
#include "actors/bounded_mailbox.hpp"
#include "messages/actors.hpp"

#include <caf/fwd.hpp>

namespace cafbus {

/// Spawns the conn of one subscriber. It ends when the subscriber does, by an exit message, or when the subscriber
/// stalls: after a delivery has been on its way for `stall_limit`, or was answered with an error.
///
/// The hub's `deliver` never reaches its CAF mailbox: `enqueue` handles it on the hub's thread, which puts the events
/// into the bounded mailbox and lets at most one wake-up through, so that no mailbox grows with the load. One delivery
/// is in flight at a time; the newest status of each source waits beside the queue and never evicts an event.
///
/// Runs on the multiplexer's thread where the system has the I/O module, on workers otherwise.
/// @param stall_limit 0: none, the subscriber notices by itself that it does not get rid of what it has.
conn_actor spawn_conn(caf::actor_system& system, mailbox_bounds bounds, consumer_info info, subscriber_actor subscriber,
                      std::chrono::nanoseconds stall_limit = std::chrono::nanoseconds{0});

} // namespace cafbus
