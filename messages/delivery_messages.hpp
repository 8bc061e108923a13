#pragma once
#include "messages/close_reason.hpp"
#include "messages/event_batch.hpp"
#include "messages/event_view.hpp"
#include "messages/frames.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

/// The messages of conns and their subscribers, as plain data; see `conn_actor` in `actors.hpp`.
namespace cafbus {

// -- subscriber -------------------------------------------------------------------------------------------------------

/// What a conn hands over at once: at most about 256 KiB of events. The next one comes when this one is answered.
struct delivery {
  std::vector<source_status> statuses = {}; ///< Newest state of each source that has changed; to be handled first.
  std::vector<event_range> events = {};     ///< In order; sequence numbers only grow, a hole is a drop.
  std::vector<gap_frame> gaps = {}; ///< In order: the holes up to the last event, if it wants to be told of them.
  std::optional<close_reason> closed =
      {};                          ///< The last one, and without events: `evicted`, `filter_failed` or `stalled`.
  std::string filter_failure = {}; ///< With `filter_failed`: why its filter cannot judge the next event.
  uint64_t epoch = 0;              ///< Of the cursors of the events, see `event_cursor`; 0: it has not asked for any.
};

/// One by one: for (auto event : events_of(x)) use(event.type(), event.payload());
/// @param x Outlives the result and its views.
inline event_views events_of(const delivery& x) {
  return event_views{x.events, x.epoch};
}
event_views events_of(delivery&&) = delete;

/// The subscriber has taken the delivery: credit for the next. It may answer later, by a response promise; meanwhile
/// its bounded mailbox fills and then drops the oldest. One that does not answer for its `join::stall_limit`, or
/// answers with an error, as an actor does that has no handler for deliveries, is no consumer any longer: it gets one
/// that is `closed` as `stalled`, and may join again. In a group, it does not answer the older delivery any more then:
/// a group cannot tell the two answers apart.
struct delivered {
  bool operator==(const delivered&) const = default;
};

// -- conn -------------------------------------------------------------------------------------------------------------

/// The events [first, last) of a batch.
struct event_span {
  uint32_t first = 0;
  uint32_t last = 0;
  bool operator==(const event_span&) const = default;
};

/// These events of the batch are for this conn's subscriber.
struct deliver {
  event_batch_ptr batch = {};
  std::vector<event_span> spans = {};
  batch_numbers_ptr numbers = {};
  uint64_t base = 0; ///< As in `event_range`.
};

/// What this conn's subscriber gets before all that is delivered from now on, by its own pace: no bound of its queue
/// cuts it.
struct replay_events {
  std::vector<event_range> events = {}; ///< In order; their sequence numbers are the conn's to give.
  std::optional<gap_frame> lost = {};   ///< What should have come before them.
  uint64_t epoch = 0;                   ///< Of the cursors of all its events; not 0.
};

/// So many events that this conn's subscriber wanted were lost on their way from another bus.
struct lose {
  uint64_t count = 0;
};

/// This conn's subscriber gets no more events: its filter cannot judge one, and it wants to end then.
struct end_by_filter {
  std::string why = {};
};

/// The bounded mailbox was empty and has something now.
struct mailbox_filled {};

/// A timer: a delivery may have been on its way for too long.
struct delivery_overdue {
  uint64_t member = 0; ///< Of a group; 0: the conn's subscriber.
};

/// Asks to be told when the queue of a consumer has room for publishers that wait for it, now or later.
struct await_room {};

/// What may come before it is to be asked for again.
struct room {
  uint64_t events = 0;
  uint64_t bytes = 0;
};

/// Asks to be told when everything queued has been delivered.
struct drain {};
struct drained {};

struct read_conn_counters {};
/// received = delivered + dropped + queued, at any moment.
struct conn_counters {
  uint64_t received = 0; ///< Events meant for this subscriber; the last sequence number given.
  uint64_t dropped = 0;
  uint64_t delivered = 0;
  uint64_t queued = 0; ///< Waiting, or in the delivery that is in flight.
  uint64_t queued_bytes = 0;
  std::optional<consumer_stats> stats = {}; ///< That its subscriber told.
  bool operator==(const conn_counters&) const = default;
};

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::delivery)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::delivered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::deliver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::replay_events)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::lose)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::end_by_filter)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::mailbox_filled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::delivery_overdue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::await_room)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::room)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::drain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::drained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::read_conn_counters)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::conn_counters)
