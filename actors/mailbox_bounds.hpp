#pragma once
#include "config/runtime_limits.hpp"
#include "messages/actor_messages.hpp"

#include <cstddef>
#include <memory>

namespace cafbus {

class queue_budget;

/// What one consumer's mailbox may hold.
struct mailbox_bounds {
  size_t events; ///< At least 1.
  size_t bytes;  ///< One event is kept even if it is larger.
  size_t delivery_bytes;
  std::shared_ptr<queue_budget> budget = nullptr; ///< What all mailboxes of a bus may hold together; null: no limit.
  queue_policy policy = queue_policy::drop_oldest;
  size_t full_events =
      0;                 ///< Publishers that wait for this consumer, by its policy or by their own wish, wait from here
  size_t full_bytes = 0; ///< on, so that what they have sent already still has room.
  bool tell_gaps = false; ///< What is dropped is kept in mind, see `bounded_mailbox::taken_gaps`.
  bool cursors = false;   ///< Of each event it is kept where it came in.
};

/// Cuts what a consumer has asked for to what its bus allows, so that status shows what holds. A `block_time` of 0
/// becomes the usual one.
void limit_wishes(consumer_info& who, const runtime_limits& limits);

/// The bounds of a consumer that has asked for its own.
mailbox_bounds with_wishes(mailbox_bounds of_bus, const consumer_info& who);

mailbox_bounds bounds_of(const runtime_limits& limits, std::shared_ptr<queue_budget> budget);

} // namespace cafbus
