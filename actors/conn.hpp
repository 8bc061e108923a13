#pragma once
#include "actors/bounded_mailbox.hpp"
#include "messages/actors.hpp"

#include <caf/fwd.hpp>

namespace cafbus {

/// Spawns the conn of one subscriber. It ends when the subscriber does, or by an exit message.
///
/// The hub's `deliver` never reaches its CAF mailbox: `enqueue` handles it on the hub's thread, which puts the events
/// into the bounded mailbox and lets at most one wake-up through, so that no mailbox grows with the load. One delivery
/// is in flight at a time; the newest status of each source waits beside the queue and never evicts an event.
///
/// Runs on the multiplexer's thread where the system has the I/O module, on workers otherwise.
conn_actor spawn_conn(caf::actor_system& system, mailbox_bounds bounds, consumer_info info,
                      subscriber_actor subscriber);

} // namespace cafbus
