#pragma once
#include "messages/node_actors.hpp"

#include <caf/fwd.hpp>
#include <optional>
#include <span>

namespace cafbus {

/// Puts what a link may pass on into one message: not what comes from the bus at its other end, nor what has crossed
/// `max_node_hops` links.
/// @param self,peer The buses at this and at the other end.
/// @returns nothing if there is nothing to pass on.
std::optional<node_events> to_message(std::span<const event_range> ranges, uint64_t self, uint64_t peer);

/// The batch in a message, each event with its origin; takes its bytes. What does not fit together, or would break a
/// consumer's frame, gives null.
event_batch_ptr to_batch(node_events& x);

/// A bus's number as status and log show it: 16 hexadecimal digits.
std::string node_text(uint64_t node);

/// Registers what crosses machines; before the actor system is made.
void add_node_messages(caf::actor_system_config& config);

} // namespace cafbus
