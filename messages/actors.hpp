#pragma once
#include "messages/group_messages.hpp"
#include "messages/stream_list.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

/// The interface of every actor; each stands before those that know it. This page is the architecture: who there is,
/// and who says what to whom. What the messages hold stands in `actor_messages.hpp`; those that make one actor known to
/// another stand here. Two kinds of actors have pages of their own, since they need more of CAF: those that own sockets
/// (`socket_actors.hpp`) and those that link buses (`node_actors.hpp`).
///
/// A program that embeds a bus is one or more `subscriber_actor`s and `source_actor`s; it sends `join`,
/// `attach_source`, `attach_part`, `read_status`, `reconfigure` and `stop_bus` to `bus_actor`, `publish` and
/// `source_status` to `hub_actor`. The rest is between the parts. Any actor may send these, from any thread.
namespace cafbus {

// -- source: brings events in -----------------------------------------------------------------------------------------

using source_actor = caf::typed_actor<
    // From the bus: bring events.
    caf::reacts_to<start_source>,
    // From the bus: end.
    caf::reacts_to<stop_source>>;

// -- subscriber: takes events; a socket's session is one, an actor of the embedding program is another ----------------

using subscriber_actor = caf::typed_actor<
    // From its conn.
    caf::replies_to<delivery>::with<delivered>>;

// -- conn: one per subscriber; bounded mailbox, sequence, counters, one delivery in flight ----------------------------

using conn_actor = caf::typed_actor<
    // From the hub; taken in `enqueue`, on the hub's thread.
    caf::reacts_to<deliver>,
    // The same, and before all others.
    caf::reacts_to<replay_events>,
    // The same.
    caf::reacts_to<lose>,
    // From the hub.
    caf::reacts_to<end_by_filter>,
    // INTERNAL: a delivery can be made.
    caf::reacts_to<mailbox_filled>,
    // INTERNAL: timer.
    caf::reacts_to<delivery_overdue>,
    // From its subscriber: credit.
    caf::reacts_to<delivered>,
    // From its subscriber, for status.
    caf::reacts_to<consumer_stats>,
    // From the hub.
    caf::reacts_to<source_status>,
    // From the session, or the bus that is stopping.
    caf::replies_to<drain>::with<drained>,
    // From the hub, whose publishers wait.
    caf::replies_to<await_room>::with<room>,
    // From the hub.
    caf::replies_to<read_conn_counters>::with<conn_counters>>;

// -- hub: who wants which event type; the one place where events are routed -------------------------------------------

class compiled_filter; // actors/compiled_filter.hpp
using compiled_filter_ptr = std::shared_ptr<const compiled_filter>;

/// Once more for the same conn: other event types from now on.
struct subscribe {
  conn_actor conn = {};
  consumer_info info = {};
  std::vector<node_path> via = {}; ///< For a link to another bus: one for each event type, then one for each pattern.
                                   ///< Empty: a consumer of this bus.
  compiled_filter_ptr filter = {}; ///< Of `info`; null: none.
};
struct unsubscribe {
  conn_actor conn = {};
};

/// The hub's view of a link to another bus.
using node_link_actor = caf::typed_actor<
    // From the hub.
    caf::reacts_to<interest_changed>,
    // From the hub.
    caf::reacts_to<streams_moved>,
    // From the hub, for status.
    caf::replies_to<read_link>::with<link_report>>;

/// Show this link in status, and tell it when the interest changes. Its end is noticed.
struct attach_link {
  node_link_actor link = {};
};

using hub_actor = caf::typed_actor<
    // From sources, and from producers' sessions. An error once it has been drained: nothing of the batch was taken.
    caf::replies_to<publish>::with<published>,
    // From the bus that is stopping: takes no more events; what it took before is with the conns then.
    caf::replies_to<drain>::with<drained>,
    // From a session or the bus, after the coordinator let the subscriber in.
    caf::replies_to<subscribe>::with<stream_list>,
    // From the same; a conn that ends is noticed anyway.
    caf::reacts_to<unsubscribe>,
    // From sources: kept, and passed on to every conn.
    caf::reacts_to<source_status>,
    // From the bus.
    caf::reacts_to<reconfigure>,
    // From a link to another bus.
    caf::reacts_to<attach_link>,
    // From a link to another bus.
    caf::replies_to<read_interest>::with<node_interest>,
    // From a link that brings events.
    caf::replies_to<stream_news>::with<stream_news_taken>,
    // From a link that takes events.
    caf::replies_to<read_streams>::with<stream_list>,
    // From the door for other buses: they may ask.
    caf::reacts_to<number_events>,
    // From the bus.
    caf::replies_to<list_consumers>::with<consumer_list>,
    // From the bus.
    caf::replies_to<read_hub_status>::with<hub_status>,
    // INTERNAL: timer.
    caf::reacts_to<block_over>>;

// -- group: one per name; a subscriber of the hub that shares its events out among its members ------------------------

using group_actor = subscriber_actor::extend<
    // INTERNAL: from the groups.
    caf::replies_to<struct enter_group>::with<struct group_entered>,
    // From a member: credit.
    caf::reacts_to<delivered>,
    // From a member, or the session that is one.
    caf::reacts_to<confirm_event>,
    // The same.
    caf::reacts_to<return_event>,
    // The same, for status.
    caf::reacts_to<member_stats>,
    // From a member's session, or the groups: the bus is stopping.
    caf::replies_to<drain>::with<drained>,
    // From the groups.
    caf::replies_to<read_group>::with<group_report>,
    // From the groups.
    caf::reacts_to<close_group>,
    // INTERNAL: timer.
    caf::reacts_to<return_due>,
    // INTERNAL: timer.
    caf::reacts_to<delivery_overdue>>;

/// Told of a member that has not ended but is none any longer; the bus is one.
using member_host_actor = caf::typed_actor<caf::reacts_to<member_stalled>>;

/// It wants to be a member of the group that `info` names. It leaves by ending, or when it stalls.
struct enter_group {
  subscriber_actor member = {};
  consumer_info info = {};
  compiled_filter_ptr filter = {};         ///< Of `info`; null: none.
  std::chrono::nanoseconds stall_limit{0}; ///< As in `join`; 0: never.
  member_host_actor host = {};             ///< Told when it stalls; null if it never does.
};
struct group_entered {
  bool admitted = false;
  std::string reason = {}; ///< Why it was not.
  group_actor group = {};
};

// -- groups: who is in which group; a group begins with its first member and ends with its last -----------------------

using groups_actor = caf::typed_actor<
    // From a session or the bus, after the coordinator let the subscriber in.
    caf::replies_to<enter_group>::with<group_entered>,
    // From the bus that is stopping.
    caf::replies_to<drain>::with<drained>,
    // From the bus.
    caf::replies_to<list_groups>::with<group_list>,
    // From the bus.
    caf::reacts_to<member_stalled>,
    // From the bus.
    caf::reacts_to<reconfigure>>;

// -- cleanup_lock: who is first and who is last, per subscription id; runs the hooks between them ---------------------

using cleanup_lock_actor = caf::typed_actor<
    // From sessions and the bus.
    caf::replies_to<enter>::with<entered>,
    // From sessions and the bus.
    caf::replies_to<leave>::with<left>,
    // From sessions, for a pre_shutdown_check.
    caf::replies_to<try_lock>::with<lock_answer>,
    // From the bus.
    caf::reacts_to<reconfigure>,
    // From the bus, for a status.
    caf::replies_to<read_hooks>::with<hook_counts>,
    // From the bus that is stopping.
    caf::replies_to<finish_hooks>::with<hooks_finished>,
    // From the bus whose stop takes too long.
    caf::reacts_to<cancel_hooks>,
    // INTERNAL: from the thread that runs the hooks.
    caf::reacts_to<hook_done>,
    // INTERNAL: timer.
    caf::reacts_to<wait_over>,
    // INTERNAL: timer.
    caf::reacts_to<lease_over>,
    // INTERNAL: timer.
    caf::reacts_to<hook_overdue>>;

// -- idle_supervisor: says when the bus has been without consumers for too long ---------------------------------------

using idle_supervisor_actor = caf::typed_actor<
    // From the hub.
    caf::reacts_to<consumer_came>,
    // From the hub.
    caf::reacts_to<consumer_went>,
    // From the bus, whose sources wait for the first consumer.
    caf::replies_to<await_consumer>::with<consumer_there>,
    // From the bus.
    caf::reacts_to<stay_awake>,
    // From the bus.
    caf::reacts_to<reconfigure>,
    // INTERNAL: timer.
    caf::reacts_to<idle_elapsed>>;

// -- listener: accepts consumers and producers from outside; the socket_broker is one ---------------------------------

using listener_actor = caf::typed_actor<
    // From the bus: may it end?
    caf::replies_to<stop_if_idle>::with<idle_verdict>,
    // From the bus that is stopping.
    caf::replies_to<close_listener>::with<listener_closed>,
    // From the bus, for status.
    caf::replies_to<read_load>::with<bus_load>,
    // From the bus.
    caf::replies_to<reconfigure>::with<reconfigured>>;

// -- bus: the one place where the parts meet --------------------------------------------------------------------------

/// The parts that the bus owns; the first message that it gets.
struct adopt {
  hub_actor hub = {};
  cleanup_lock_actor lock = {};
  idle_supervisor_actor supervisor = {};
  groups_actor groups = {};
};

struct attach_listener {
  listener_actor listener = {};
};
struct attach_source {
  std::string name = {};
  source_actor source = {};
  bool waits = false; ///< It is started when the first consumer is in, so that nothing that it has is lost.
};

/// An actor that holds a socket, a port or a file for the bus, which a bus after it may need. A bus that stops sends it
/// an exit message and waits for its end, 500 ms at most; one that is killed sends the message alone. What the part
/// does until then, and whether it ends before, is its own affair.
struct attach_part {
  caf::actor part = {};
};

/// An actor of this program wants events like any consumer. It leaves by ending, by the end of its conn, or when it
/// stalls: it has taken nothing of what is on its way to it for the limit.
struct join {
  subscriber_actor subscriber = {};
  consumer_info info = {}; ///< Neither types nor patterns: the key itself. No subscription id: the key.
  hook_commands hooks = {};
  std::vector<node_path> via = {}; ///< As in `subscribe`.
  /// From a `delivery` to its `delivered`, for a subscriber that works long before it answers. None: the bus's
  /// `write_timeout`, as for a consumer on a socket. 0: no limit. How long a member of a group takes to confirm an
  /// event is its own affair: it is not stalled once it has answered the delivery.
  std::optional<std::chrono::nanoseconds> stall_limit = {};
};
struct joined {
  bool admitted = false;
  bool first = false;
  std::string reason = {}; ///< Why it was not admitted.
  conn_actor conn = {}; ///< Its own, null if it was not admitted: has its counters; by an exit message to it it leaves.
                        ///< Null, too, for a member of a group, which leaves by ending.
  stream_list streams = {}; ///< For a link to another bus: as the hub's answer to `subscribe`.
  group_actor group = {};   ///< For a member of a group: takes its confirmations.
};

using bus_actor = caf::typed_actor<
    // INTERNAL: from spawn_bus.
    caf::reacts_to<adopt>,
    // From the program that starts it.
    caf::reacts_to<attach_listener>,
    // From the program that starts it.
    caf::reacts_to<attach_source>,
    // From whoever opens a door for links.
    caf::reacts_to<attach_part>,
    // From the program that embeds it.
    caf::replies_to<join>::with<joined>,
    // From sessions and programs.
    caf::replies_to<read_status>::with<status_response>,
    // From sessions, signals and programs.
    caf::replies_to<stop_bus>::with<stop_verdict>,
    // From sources.
    caf::reacts_to<source_ended>,
    // From groups.
    caf::reacts_to<member_stalled>,
    // From the program, when its options have changed.
    caf::replies_to<reconfigure>::with<reconfigured>,
    // From the program, at the start and when its certificate has changed.
    caf::reacts_to<certificate_changed>,
    // From the idle supervisor.
    caf::reacts_to<idle_reached>,
    // INTERNAL: timer.
    caf::reacts_to<stop_overdue>>;

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::subscribe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::unsubscribe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::attach_link)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::enter_group)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::group_entered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::adopt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::attach_listener)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::attach_source)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::attach_part)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::join)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::joined)
