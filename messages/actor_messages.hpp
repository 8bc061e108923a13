#pragma once
#include "messages/delivery_messages.hpp"
#include "messages/event_batch.hpp"
#include "messages/frames.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/meta/type_name.hpp>

#include <chrono>

/// The messages between the actors of `actors.hpp`, as plain data; that file has the few messages that introduce one
/// actor to another. All of them stay inside one process. Durations are in nanoseconds, 0 as described there.
namespace cafbus {

/// New limits, for everything that begins from now on: connections, waits, leases. What has begun keeps the old ones,
/// but `dedup_ttl` and `max_queued_bytes` hold at once, and `idle_timeout` starts again if there is no consumer.
struct reconfigure : runtime_limits {
  uint32_t descriptors = 0; ///< For connections of all kinds; 0: as before.
};
struct reconfigured {}; ///< Whoever comes from now on has them.

// -- hub --------------------------------------------------------------------------------------------------------------

/// Who a subscriber is, as it introduced itself.
struct consumer_info {
  int64_t pid = 0;
  std::string event_key = {};
  std::string subscription_id = {}; ///< Never empty inside the bus: the key where the hello gave none.
  std::vector<std::string> event_types = {};
  std::vector<std::string> patterns = {};
  bool tell_gaps = false; ///< What is dropped for it is told in each `delivery`.
  queue_policy policy = queue_policy::drop_oldest;
  uint64_t queue_capacity = 0;            ///< Events that may wait for it, at most the bus's; 0: the bus's.
  uint64_t queue_bytes = 0;               ///< The same.
  std::chrono::nanoseconds block_time{0}; ///< With the policy block: how long publishers wait for it; 0: as usual.
  event_filter filter = {};               ///< Only events of whose payload all of it holds.
  filter_error_policy on_filter_error =
      filter_error_policy::skip;          ///< What becomes of an event that the filter cannot judge.
  std::optional<replay_wish> replay = {}; ///< Events from before it came, see `check_replay`; none: from now on.
  bool cursors = false;                   ///< Its events have cursors; as with a `replay`.
  std::string group = {};                 ///< Whose members share their events, see `check_group`; empty: none.
  bool ack = false;                       ///< With a group: it confirms each event by `confirm_event`.
  uint32_t max_in_flight = 0;             ///< With `ack`: events that a member has not confirmed; 0: as usual.
  uint32_t max_attempts = 0;              ///< With `ack`: then an event is a dead letter; 0: as usual.
  bool operator==(const consumer_info&) const = default;
};

/// A producer's or source's batch, of an `event_encoder`. It keeps back the next one until this is answered.
struct publish {
  event_batch_ptr batch = {}; ///< May be null if every line was rejected.
  uint64_t rejected = 0;      ///< Lines that came with the batch and were no event.
  int64_t pid = 0;            ///< Of the producer; 0: a source.
  /// The answer waits until each subscriber of the batch has room for another one: its queue is less than half full. It
  /// waits for none that has been without room for so long. 0: it waits only for those of the policy block.
  std::chrono::nanoseconds wait_for_room{0};
};
struct published {
  uint64_t accepted = 0; ///< Accepted and no duplicate, with or without a subscriber.
  uint64_t duplicates = 0;
  uint64_t unmatched = 0; ///< Of those accepted: without a subscriber.
  uint64_t consumers = 0; ///< Subscribed to at least one of them.
  bool operator==(const published&) const = default;
};

/// A timer: publishers may have waited for that consumer for long enough.
struct block_over {
  uint64_t consumer = 0;
};

/// The buses through which a wish for events has come here, the one that has the consumer first.
using node_path = std::vector<uint64_t>;

/// What all of a bus's consumers, and the buses behind it, want at the moment.
struct node_interest {
  std::vector<std::string> types = {};
  std::vector<node_path> via = {};   ///< One for each type.
  std::vector<bool> is_pattern = {}; ///< The same: whether it is a pattern of types. Empty: none is.
  bool operator==(const node_interest&) const = default;
};
/// Whether entry `i` is a pattern. @pre i < x.types.size()
inline bool is_pattern(const node_interest& x, size_t i) {
  return !x.is_pattern.empty() && x.is_pattern[i];
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_interest& x) {
  return f(caf::meta::type_name("cafbus::node_interest"), x.types, x.via, x.is_pattern);
}

/// What to ask of another bus: what is wanted here, without that for which the other bus itself has asked.
struct read_interest {
  uint64_t peer = 0; ///< The node asked.
};

/// The interest is to be read again.
struct interest_changed {};

struct read_link {};

struct list_consumers {};
struct consumer_list {
  std::vector<consumer_status> consumers = {}; ///< In the order in which they came.
  std::vector<link_report> links = {};         ///< The same.
  std::vector<group_status> groups = {};       ///< By name; their members are consumers. The hub knows of none.
};

struct read_hub_status {};
struct hub_status {
  bus_counters counters = {};
  std::vector<unmatched_type> unmatched_types = {};
  std::vector<source_report> sources = {};
  std::string last_event_at = {};
};

// -- cleanup_lock -----------------------------------------------------------------------------------------------------

/// When a hook of a subscription id is run.
enum class hook_kind : uint8_t {
  on_first, ///< Before the first consumer is admitted; if it fails, that consumer is refused.
  on_last,  ///< After the last consumer has left; the hook of the latest one that brought it.
};
template <>
struct vocabulary<hook_kind> {
  static constexpr std::array words{"on_first", "on_last"};
};
static_assert(spells_all_up_to(hook_kind::on_last));

/// The hooks that a consumer brings, as commands for /bin/sh, and where they run; empty: none, or as the bus itself.
struct hook_commands {
  std::string on_first = {};
  std::string on_last = {};
  std::map<std::string, std::string> env = {};
  std::string dir = {};
  std::optional<uint32_t> umask = {};
  bool operator==(const hook_commands&) const = default;
};

/// A session or in-process subscriber asks for admission. Waits while the id's cleanup lock is held.
struct enter {
  std::string subscription_id = {};
  caf::strong_actor_ptr member = {};
  hook_commands hooks = {};
  bool exclusive = false; ///< It must be the only member.
  int64_t pid = 0;        ///< For the message to those that it keeps out.
};
struct entered {
  bool admitted = false;
  bool first = false;                      ///< There was no other member.
  reject_code code = reject_code::unknown; ///< Why it was not admitted.
  std::string reason = {};                 ///< The same for people.
  bool operator==(const entered&) const = default;
};

/// It goes, by its own word; one that just ends is noticed anyway. Repeating it changes nothing.
struct leave {
  std::string subscription_id = {};
  caf::strong_actor_ptr member = {};
};
struct left {
  bool last = false; ///< It was the last member.
  bool operator==(const left&) const = default;
};

/// Granted if it is the only member and the lock is free.
struct try_lock {
  std::string subscription_id = {};
  caf::strong_actor_ptr member = {};
};
struct lock_answer {
  bool granted = false;
  bool operator==(const lock_answer&) const = default;
};

/// A hook has ended.
struct hook_done {
  std::string subscription_id = {};
  uint64_t ticket = 0;
  bool ok = false;
  std::string detail = {};   ///< How it ended, and the last line that it wrote to standard error.
  size_t left_processes = 0; ///< That an `on_first` which worked has left running.
  bool operator==(const hook_done&) const = default;
};

struct read_hooks {};
struct hook_counts {
  uint64_t running = 0;
  uint64_t waiting = 0; ///< Until one of those has ended.
  bool operator==(const hook_counts&) const = default;
};

/// Asks to be told when no hook is running any more.
struct finish_hooks {};
struct hooks_finished {};

/// Ends the hooks that run (SIGTERM, after `kill_after` SIGKILL) and starts no more.
struct cancel_hooks {
  std::chrono::nanoseconds kill_after{0};
};

/// Timers; stale unless the ticket is the current one.
struct wait_over {
  std::string subscription_id = {};
  uint64_t ticket = 0;
  bool operator==(const wait_over&) const = default;
};
struct lease_over {
  std::string subscription_id = {};
  uint64_t ticket = 0;
  bool operator==(const lease_over&) const = default;
};
struct hook_overdue {
  uint64_t ticket = 0;
  bool operator==(const hook_overdue&) const = default;
};

// -- idle_supervisor --------------------------------------------------------------------------------------------------

struct consumer_came {
  caf::strong_actor_ptr consumer = {};
};
struct consumer_went {
  caf::strong_actor_ptr consumer = {};
};
/// Asks to be told when the first consumer is in, now or later.
struct await_consumer {};
struct consumer_there {};
/// The bus could not stop, somebody was just coming; start over.
struct stay_awake {};
/// A timer; stale unless the epoch is the current one.
struct idle_elapsed {
  uint64_t epoch = 0;
  bool operator==(const idle_elapsed&) const = default;
};

// -- source -----------------------------------------------------------------------------------------------------------

/// The source may publish from now on: batches and its state to the hub, each batch after the answer to the one before.
struct start_source {};
/// The source ends itself soon, may be told twice; the bus waits for its end, but not for ever. One that has nothing
/// more to bring says `source_ended` to the bus and ends; one that ends without that stops the bus as a failure.
struct stop_source {};

// -- listener ---------------------------------------------------------------------------------------------------------

/// Stop accepting, but only if there is no connection, half-open or waiting to be accepted.
struct stop_if_idle {};
struct idle_verdict {
  bool stopped = false;
  bool operator==(const idle_verdict&) const = default;
};

/// Stop accepting; let each consumer take what is queued for it, say bye to everyone, close.
struct close_listener {
  std::string reason = {};
  std::chrono::nanoseconds drain_timeout{0};
};
struct listener_closed {};

/// Answered with what of `bus_load` concerns connections.
struct read_load {};

// -- bus --------------------------------------------------------------------------------------------------------------

/// A source has ended for good, in its own words; the bus stops with that reason.
struct source_ended {
  std::string name = {};
  std::string detail = {};
  bool failed = false; ///< Not by the end of its input, nor because it was told to stop.
};

/// There was no consumer for the idle timeout.
struct idle_reached {};

/// Until when the bus's own certificate for links is valid, for status.
struct certificate_changed {
  std::string expires = {}; ///< RFC 3339; empty: it has none.
};

/// Answered with an error if the bus ends meanwhile.
struct read_status {};

struct stop_bus {
  std::string reason = {};
  bool force = true;                         ///< False: refused while consumers are connected.
  std::chrono::nanoseconds drain_timeout{0}; ///< Of each consumer; 0: as the bus is set.
  std::chrono::nanoseconds within{0};        ///< The whole stop, whatever anybody does; 0: each step has its own limit.
};
struct stop_verdict {
  bool accepted = false;
  std::string message = {}; ///< Why it was refused.
  bool operator==(const stop_verdict&) const = default;
};

/// A timer: a step of the stop has taken too long; stale unless it is the current one.
struct stop_overdue {
  uint32_t step = 0;
  bool operator==(const stop_overdue&) const = default;
};

} // namespace cafbus

#define CAFBUS_LOCAL(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::type)
// clang-format off
CAFBUS_LOCAL(reconfigure) CAFBUS_LOCAL(reconfigured) CAFBUS_LOCAL(consumer_stats) CAFBUS_LOCAL(source_status)
CAFBUS_LOCAL(publish) CAFBUS_LOCAL(published) CAFBUS_LOCAL(block_over)
CAFBUS_LOCAL(read_interest) CAFBUS_LOCAL(interest_changed) CAFBUS_LOCAL(read_link) CAFBUS_LOCAL(link_report)
CAFBUS_LOCAL(list_consumers) CAFBUS_LOCAL(consumer_list) CAFBUS_LOCAL(read_hub_status) CAFBUS_LOCAL(hub_status)
CAFBUS_LOCAL(enter) CAFBUS_LOCAL(entered) CAFBUS_LOCAL(leave) CAFBUS_LOCAL(left)
CAFBUS_LOCAL(try_lock) CAFBUS_LOCAL(lock_answer)
CAFBUS_LOCAL(hook_done) CAFBUS_LOCAL(finish_hooks) CAFBUS_LOCAL(hooks_finished) CAFBUS_LOCAL(cancel_hooks)
CAFBUS_LOCAL(read_hooks) CAFBUS_LOCAL(hook_counts)
CAFBUS_LOCAL(wait_over) CAFBUS_LOCAL(lease_over) CAFBUS_LOCAL(hook_overdue)
CAFBUS_LOCAL(consumer_came) CAFBUS_LOCAL(consumer_went) CAFBUS_LOCAL(await_consumer) CAFBUS_LOCAL(consumer_there) CAFBUS_LOCAL(stay_awake) CAFBUS_LOCAL(idle_elapsed)
CAFBUS_LOCAL(start_source) CAFBUS_LOCAL(stop_source)
CAFBUS_LOCAL(stop_if_idle) CAFBUS_LOCAL(idle_verdict) CAFBUS_LOCAL(close_listener) CAFBUS_LOCAL(listener_closed)
CAFBUS_LOCAL(read_load) CAFBUS_LOCAL(bus_load)
CAFBUS_LOCAL(source_ended) CAFBUS_LOCAL(idle_reached) CAFBUS_LOCAL(certificate_changed) CAFBUS_LOCAL(read_status) CAFBUS_LOCAL(status_response)
CAFBUS_LOCAL(stop_bus) CAFBUS_LOCAL(stop_verdict) CAFBUS_LOCAL(stop_overdue)
// clang-format on
#undef CAFBUS_LOCAL
