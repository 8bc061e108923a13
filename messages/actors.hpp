#pragma once
#include "messages/event_batch.hpp"
#include "messages/frames.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>

/// Every actor interface and its messages, in the order of the path of an event. This page is the architecture.
/// All messages stay inside one process: events in them are shared immutable batches.
///
/// A program that embeds a bus is one or more `subscriber_actor`s and `source_actor`s; it sends `join`,
/// `attach_source`, `read_status`, `reconfigure` and `stop_bus` to `bus_actor`, `publish` and `source_status` to
/// `hub_actor`. The rest is between the parts. Any actor may send these, from any thread; durations are in nanoseconds,
/// 0 as it says there.
namespace cafbus {

// -- what can change while a bus runs ---------------------------------------------------------------------------------

/// New limits, for everything that begins from now on: connections, waits, leases. What has begun keeps the old ones.
struct reconfigure {
  std::chrono::nanoseconds idle_timeout{0}; ///< Counts anew if nobody is there; 0: never.
  std::chrono::nanoseconds drain_timeout{0};
  uint32_t queue_capacity = 0;
  size_t queue_bytes = 0;
  std::chrono::nanoseconds write_timeout{0};
  std::chrono::nanoseconds hello_timeout{0};
  std::chrono::nanoseconds dedup_ttl{0}; ///< For the ids that are known already, too.
  std::chrono::nanoseconds cleanup_wait{0};
  std::chrono::nanoseconds cleanup_lease{0};
  uint32_t max_connections = 0; ///< 0: no limit.
  uint32_t max_half_open = 0;
  size_t max_queued_bytes = 0; ///< At once, for what waits already, too.
  uint32_t max_event_types = 0;
  uint32_t max_key_bytes = 0;
  uint32_t log_lines = 0;
  bool operator==(const reconfigure&) const = default;
};

// -- subscriber: whoever takes events; a socket's session is one, an actor of the embedding program is another --------

/// What a conn hands over at once: at most about 256 KiB of events. The next one comes when this one is answered.
struct delivery {
  std::vector<source_status> statuses; ///< Newest state of each source that has changed; to be handled first.
  std::vector<event_range> events;     ///< In order; sequence numbers only grow, a hole is a drop.
};

/// The subscriber has taken the delivery: credit for the next. It may answer later, by a response promise; meanwhile
/// its bounded mailbox fills and then drops the oldest. One that answers with an error gets nothing more.
struct delivered {
  bool operator==(const delivered&) const = default;
};

using subscriber_actor = caf::typed_actor<caf::replies_to<delivery>::with<delivered>>; // from its conn

// -- conn: one a subscriber; bounded mailbox, sequence, counters, one delivery in flight ----------------------------

/// The events [first, last) of a batch.
struct event_span {
  uint32_t first = 0;
  uint32_t last = 0;
  bool operator==(const event_span&) const = default;
};

/// Hub -> conn: these events of the batch are for you.
struct deliver {
  event_batch_ptr batch;
  std::vector<event_span> spans;
  uint64_t number = 0; ///< Of the batch's first event among all that came in.
};

/// INTERNAL of the conn: its bounded mailbox was empty and has something now.
struct mailbox_filled {};

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
  bool operator==(const conn_counters&) const = default;
};

using conn_actor =
    caf::typed_actor<caf::reacts_to<deliver>,               // from the hub; taken in `enqueue`, on the hub's thread
                     caf::reacts_to<mailbox_filled>,        // INTERNAL
                     caf::reacts_to<delivered>,             // from its subscriber
                     caf::reacts_to<source_status>,         // from the hub
                     caf::replies_to<drain>::with<drained>, // from the session or the bus that is stopping
                     caf::replies_to<read_conn_counters>::with<conn_counters>>; // from the hub

// -- hub: who wants which event type; the one place where events are routed -----------------------------------------

/// Who a subscriber is, as it introduced itself.
struct consumer_info {
  int64_t pid = 0;
  std::string event_key;
  std::string subscription_id; ///< Never empty inside the bus: the key where the hello gave none.
  std::vector<std::string> event_types;
  bool operator==(const consumer_info&) const = default;
};

/// The buses through which a wish for events has come here, the one that has the consumer first.
using node_path = std::vector<uint64_t>;

/// Once more for the same conn: other event types from now on.
struct subscribe {
  conn_actor conn;
  consumer_info info;
  std::vector<node_path> via; ///< For a link to another bus: one for each event type. Empty: a consumer of this bus.
};
struct unsubscribe {
  conn_actor conn;
};

/// A producer's or source's batch, of an `event_encoder`. It keeps back the next one until this is answered.
struct publish {
  event_batch_ptr batch; ///< May be null if every line was rejected.
  uint64_t rejected = 0; ///< Lines that came with the batch and were no event.
};
struct published {
  uint64_t accepted = 0; ///< Taken in and no duplicate, whether or not somebody wanted it.
  uint64_t duplicates = 0;
  bool operator==(const published&) const = default;
};

// -- links between buses: what a hub sees of them ---------------------------------------------------------------------

/// What all of a bus's consumers, and the buses behind it, want at the moment.
struct node_interest {
  std::vector<std::string> types;
  std::vector<node_path> via; ///< One for each type.
  bool operator==(const node_interest&) const = default;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_interest& x) {
  return f(caf::meta::type_name("cafbus::node_interest"), x.types, x.via);
}

/// Hub -> link: read the interest again.
struct interest_changed {};

struct read_link {};

using node_link_actor = caf::typed_actor<caf::reacts_to<interest_changed>,               // from the hub
                                         caf::replies_to<read_link>::with<link_report>>; // from the hub

/// Link -> hub: show me in status, and tell me when the interest changes. Its end is noticed.
struct attach_link {
  node_link_actor link;
};

/// What to ask of another bus: what is wanted here, without that for which the other bus itself has asked.
struct read_interest {
  uint64_t peer = 0; ///< The node asked.
};

struct list_consumers {};
struct consumer_list {
  std::vector<consumer_status> consumers; ///< In the order in which they came.
  std::vector<link_report> links;         ///< The same.
};
struct read_hub_status {};
struct hub_status {
  bus_counters counters;
  size_t consumers = 0;
  size_t keys = 0; ///< Distinct subscription ids.
  std::vector<unmatched_type> unmatched_types;
  std::vector<source_report> sources;
  std::string last_event_at;
};

using hub_actor =
    caf::typed_actor<caf::replies_to<publish>::with<published>, // from sources and producers' sessions
                     caf::reacts_to<subscribe>,     // from a session or the bus, after the coordinator let it in
                     caf::reacts_to<unsubscribe>,   // the same; a conn that ends is noticed anyway
                     caf::reacts_to<source_status>, // from sources: kept, and passed on to every conn
                     caf::reacts_to<reconfigure>,   // from the bus
                     caf::reacts_to<attach_link>,   // from a link to another bus
                     caf::replies_to<read_interest>::with<node_interest>,  // the same
                     caf::replies_to<list_consumers>::with<consumer_list>, // from the bus
                     caf::replies_to<read_hub_status>::with<hub_status>>;  // from the bus

// -- cleanup_lock: who is first and who is last, per subscription id ------------------------------------------------

/// Commands that the bus runs for a subscription id; empty: none.
struct hook_commands {
  std::string on_first; ///< Before the first member is let in; if it fails, that member is refused.
  std::string on_last;  ///< After the last member has gone; the one that came last with the id counts.
  bool operator==(const hook_commands&) const = default;
};

/// A session or in-process subscriber wants in. Waits while the id's cleanup lock is held.
struct enter {
  std::string subscription_id;
  caf::strong_actor_ptr member;
  hook_commands hooks;
};
struct entered {
  bool admitted = false;
  bool first = false; ///< Nobody else was in.
  std::string code;   ///< Why it was not admitted: busy or set_up_failed.
  std::string reason; ///< The same for people.
  bool operator==(const entered&) const = default;
};

/// It goes, by its own word; one that just ends is noticed anyway. Repeating it changes nothing.
struct leave {
  std::string subscription_id;
  caf::strong_actor_ptr member;
};
struct left {
  bool last = false; ///< It was in, and nobody is in now.
  bool operator==(const left&) const = default;
};

/// Granted if the member is the only one in and nobody holds the lock.
struct try_lock {
  std::string subscription_id;
  caf::strong_actor_ptr member;
};
struct lock_answer {
  bool granted = false;
  bool operator==(const lock_answer&) const = default;
};

/// Gives the lock back without leaving; no-op for anyone but its holder.
struct release_lock {
  std::string subscription_id;
  caf::strong_actor_ptr member;
};

/// INTERNAL, from the process that runs a command.
struct hook_done {
  std::string subscription_id;
  uint64_t ticket = 0;
  bool ok = false;
  std::string detail; ///< How it ended, and the last line that it wrote to standard error.
  bool operator==(const hook_done&) const = default;
};

/// From the stopping bus: asks to be told when no command is running any more.
struct finish_hooks {};
struct hooks_finished {};

/// From the stopping bus: ends the commands that run (SIGTERM, after `kill_after` SIGKILL) and starts no more.
struct cancel_hooks {
  std::chrono::nanoseconds kill_after{0};
};

/// INTERNAL timers; stale unless the ticket is the current one.
struct wait_over {
  std::string subscription_id;
  uint64_t ticket = 0;
  bool operator==(const wait_over&) const = default;
};
struct lease_over {
  std::string subscription_id;
  uint64_t ticket = 0;
  bool operator==(const lease_over&) const = default;
};

using cleanup_lock_actor =
    caf::typed_actor<caf::replies_to<enter>::with<entered>,        // from sessions and the bus
                     caf::replies_to<leave>::with<left>,           // from sessions and the bus
                     caf::replies_to<try_lock>::with<lock_answer>, // from sessions, for a pre_shutdown_check
                     caf::reacts_to<release_lock>,
                     caf::reacts_to<reconfigure>,                         // from the bus
                     caf::replies_to<finish_hooks>::with<hooks_finished>, // from the bus
                     caf::reacts_to<cancel_hooks>,                        // from the bus
                     caf::reacts_to<hook_done>,                           // INTERNAL
                     caf::reacts_to<wait_over>,                           // INTERNAL
                     caf::reacts_to<lease_over>>;                         // INTERNAL

// -- idle_supervisor: says when the bus has been without consumers for too long -------------------------------------

struct consumer_came {
  caf::strong_actor_ptr consumer;
};
struct consumer_went {
  caf::strong_actor_ptr consumer;
};
/// From the bus: it could not stop, somebody was just coming; start over.
struct stay_awake {};
/// INTERNAL timer; stale unless the epoch is the current one.
struct idle_elapsed {
  uint64_t epoch = 0;
  bool operator==(const idle_elapsed&) const = default;
};

using idle_supervisor_actor = caf::typed_actor<caf::reacts_to<consumer_came>, // from the hub
                                               caf::reacts_to<consumer_went>, // from the hub
                                               caf::reacts_to<stay_awake>,    // from the bus
                                               caf::reacts_to<reconfigure>,   // from the bus
                                               caf::reacts_to<idle_elapsed>>; // INTERNAL

// -- source: brings events in ----------------------------------------------------------------------------------------

/// The source may publish from now on: batches and its state to the hub, each batch after the answer to the one before.
struct start_source {};
/// The source ends itself soon, may be told twice; the bus waits for its end, but not for ever. One that has nothing
/// more to bring says `source_ended` to the bus and ends; one that ends without that stops the bus as a failure.
struct stop_source {};

using source_actor = caf::typed_actor<caf::reacts_to<start_source>, caf::reacts_to<stop_source>>; // from the bus

// -- listener: accepts consumers and producers from outside; the socket_broker is one --------------------------------

/// Stop accepting, but only if nobody is connected, half-way in, or waiting to be accepted.
struct stop_if_idle {};
struct idle_verdict {
  bool stopped = false;
  bool operator==(const idle_verdict&) const = default;
};
/// Stop accepting; let each consumer take what is queued for it, say bye to everyone, close.
struct stop_serving {
  std::string reason;
  std::chrono::nanoseconds drain_timeout{0};
};
struct served {};

struct read_listener_status {};
struct listener_status {
  uint64_t connections = 0; ///< Consumers and producers.
  uint64_t half_open = 0;
  uint64_t refused = 0; ///< For want of room, since the start.
  bool paused = false;  ///< Not a descriptor more: the kernel's backlog holds who comes.
  bool operator==(const listener_status&) const = default;
};

using listener_actor = caf::typed_actor<caf::replies_to<stop_if_idle>::with<idle_verdict>,            // from the bus
                                        caf::replies_to<stop_serving>::with<served>,                  // from the bus
                                        caf::replies_to<read_listener_status>::with<listener_status>, // from the bus
                                        caf::reacts_to<reconfigure>>;                                 // from the bus

// -- bus: the one place where the parts meet -------------------------------------------------------------------------

/// INTERNAL: the parts that the bus owns; the first message that it gets.
struct adopt {
  hub_actor hub;
  cleanup_lock_actor lock;
  idle_supervisor_actor supervisor;
};

struct attach_listener {
  listener_actor listener;
};
struct attach_source {
  std::string name;
  source_actor source;
};
/// A source has ended for good, in its own words; the bus stops with that reason.
struct source_ended {
  std::string name;
  std::string detail;
  bool failed = false; ///< Not by the end of its input, nor because it was told to stop.
};
/// From the idle supervisor.
struct idle_reached {};

/// An actor of this program wants events like any consumer. It leaves by ending, or by the end of its conn.
struct join {
  subscriber_actor subscriber;
  consumer_info info; ///< No types: the key itself. No subscription id: the key.
  hook_commands hooks;
  std::vector<node_path> via; ///< As in `subscribe`.
};
struct joined {
  bool admitted = false;
  bool first = false;
  std::string reason; ///< Why it was not admitted.
  conn_actor conn;    ///< Its own, null if it was not admitted: has its counters, and lets it leave by an exit message.
};

/// Answered with an error if the bus ends meanwhile.
struct read_status {};

struct stop_bus {
  std::string reason;
  bool force = true;                         ///< False: refused while consumers are connected.
  std::chrono::nanoseconds drain_timeout{0}; ///< Of each consumer; 0: as the bus is set.
  std::chrono::nanoseconds within{0};        ///< The whole stop, whatever anybody does; 0: each step has its own limit.
};
struct stop_verdict {
  bool accepted = false;
  std::string message; ///< Why it was refused.
  bool operator==(const stop_verdict&) const = default;
};
/// INTERNAL timer: a part did not end in time.
struct stop_overdue {
  uint32_t step = 0;
  bool operator==(const stop_overdue&) const = default;
};

using bus_actor = caf::typed_actor<caf::reacts_to<adopt>,               // INTERNAL, from spawn_bus
                                   caf::reacts_to<attach_listener>,     // from the program that starts it
                                   caf::reacts_to<attach_source>,       // the same
                                   caf::replies_to<join>::with<joined>, // from the program that embeds it
                                   caf::replies_to<read_status>::with<status_response>, // from sessions and programs
                                   caf::replies_to<stop_bus>::with<stop_verdict>, // from sessions, signals and programs
                                   caf::reacts_to<source_ended>,                  // from sources
                                   caf::reacts_to<reconfigure>,   // from the program, when its settings have changed
                                   caf::reacts_to<idle_reached>,  // from the idle supervisor
                                   caf::reacts_to<stop_overdue>>; // INTERNAL

} // namespace cafbus

#define CAFBUS_LOCAL(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::type)
// clang-format off
CAFBUS_LOCAL(reconfigure) CAFBUS_LOCAL(delivery) CAFBUS_LOCAL(delivered) CAFBUS_LOCAL(deliver)
CAFBUS_LOCAL(mailbox_filled) CAFBUS_LOCAL(drain) CAFBUS_LOCAL(drained) CAFBUS_LOCAL(read_conn_counters)
CAFBUS_LOCAL(conn_counters) CAFBUS_LOCAL(source_status) CAFBUS_LOCAL(subscribe) CAFBUS_LOCAL(unsubscribe)
CAFBUS_LOCAL(publish) CAFBUS_LOCAL(published) CAFBUS_LOCAL(list_consumers) CAFBUS_LOCAL(consumer_list)
CAFBUS_LOCAL(read_hub_status) CAFBUS_LOCAL(hub_status) CAFBUS_LOCAL(enter) CAFBUS_LOCAL(entered) CAFBUS_LOCAL(leave)
CAFBUS_LOCAL(left) CAFBUS_LOCAL(try_lock) CAFBUS_LOCAL(lock_answer) CAFBUS_LOCAL(release_lock) CAFBUS_LOCAL(wait_over)
CAFBUS_LOCAL(lease_over) CAFBUS_LOCAL(consumer_came) CAFBUS_LOCAL(consumer_went) CAFBUS_LOCAL(stay_awake)
CAFBUS_LOCAL(idle_elapsed) CAFBUS_LOCAL(start_source) CAFBUS_LOCAL(stop_source) CAFBUS_LOCAL(stop_if_idle)
CAFBUS_LOCAL(idle_verdict) CAFBUS_LOCAL(read_listener_status) CAFBUS_LOCAL(listener_status)
CAFBUS_LOCAL(stop_serving) CAFBUS_LOCAL(served) CAFBUS_LOCAL(adopt)
CAFBUS_LOCAL(attach_listener) CAFBUS_LOCAL(attach_source) CAFBUS_LOCAL(source_ended) CAFBUS_LOCAL(idle_reached)
CAFBUS_LOCAL(interest_changed) CAFBUS_LOCAL(read_link) CAFBUS_LOCAL(link_report) CAFBUS_LOCAL(attach_link)
CAFBUS_LOCAL(read_interest)
CAFBUS_LOCAL(join) CAFBUS_LOCAL(joined) CAFBUS_LOCAL(read_status) CAFBUS_LOCAL(status_response) CAFBUS_LOCAL(stop_bus)
CAFBUS_LOCAL(stop_verdict) CAFBUS_LOCAL(stop_overdue) CAFBUS_LOCAL(hook_done) CAFBUS_LOCAL(finish_hooks)
CAFBUS_LOCAL(hooks_finished) CAFBUS_LOCAL(cancel_hooks)
// clang-format on
#undef CAFBUS_LOCAL
