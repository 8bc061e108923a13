#pragma once
#include "messages/actor_messages.hpp"

/// The messages of groups and their members, as plain data; see `group_actor` in `actors.hpp`.
namespace cafbus {

/// A member of a group has handled an event.
struct confirm_event {
  uint64_t member = 0; ///< The subscriber's id, as `id()` of its handle.
  uint64_t seq = 0;    ///< In its own numbers.
};

/// A member gives an event back: it goes to another one, or to the same.
struct return_event {
  uint64_t member = 0;
  uint64_t seq = 0;
  std::chrono::nanoseconds delay{0}; ///< Not before so long; at most `defaults::max_nack_delay`.
};

/// What became of a member's events on its side.
struct member_stats {
  uint64_t member = 0;
  consumer_stats stats = {};
};

/// A member has not taken its delivery for its stall limit: it is none any longer, although it may live.
struct member_stalled {
  std::string group = {};
  caf::strong_actor_ptr member = {};
};

/// The last member has left a group. It ends when it has noticed, too.
struct close_group {};

/// A timer: an event that was given back may go out again; stale unless the ticket is the current one.
struct return_due {
  uint64_t ticket = 0;
};

struct read_group {};
struct list_groups {};
/// A group, and its members as consumers.
struct group_report {
  group_status status = {};
  std::vector<consumer_status> members = {};
};
struct group_list {
  std::vector<group_report> groups = {}; ///< By name.
};

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::confirm_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::return_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::member_stats)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::member_stalled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::close_group)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::return_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::read_group)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::group_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::list_groups)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::group_list)
