#pragma once
#include "config/reload_result.hpp"
#include "config/runtime_limits.hpp"
#include "messages/event_filter.hpp"
#include "messages/states.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The frames of wire protocol v1 as plain values; `PROTOCOL.md` describes each on the wire.
/// `event` and `publish` are not here: they carry payloads that travel as bytes, see `event_batch.hpp`,
/// `event_encoder.hpp` (the bus's side) and `event_frame.hpp` (the consumer's side).
namespace cafbus {

/// The only protocol version that this bus speaks.
inline constexpr const char* protocol_version = "v1";

/// What a bus can do beyond the first v1, as its `hello_ack` names it.
namespace capability {
/// `event_id`, `source_time`, `app_id` and `tenant_key` are the publisher's, or absent.
inline constexpr const char* canonical_metadata = "canonical_metadata_v1";
/// `replay` in a hello. Asked for by a consumer that names it, or has a `replay`: each event carries its cursor.
inline constexpr const char* cursor = "cursor";
inline constexpr const char* exclusive = "exclusive";
/// `filter` in a hello.
inline constexpr const char* filter = "filter";
/// Asked for by a consumer that names it: `gap` frames in place of holes.
inline constexpr const char* gap = "gap";
/// `group` in a hello.
inline constexpr const char* group = "group";
inline constexpr const char* hooks = "hooks";
/// The payload is the last field of an event, and has been validated.
inline constexpr const char* payload_last = "payload_last";
inline constexpr const char* patterns = "patterns";
inline constexpr const char* policy = "policy";
inline constexpr const char* publish_counts = "publish_counts";
/// `stats` frames.
inline constexpr const char* stats = "stats";
/// What this bus can do.
inline constexpr std::array all{canonical_metadata, cursor,       exclusive, filter,         gap,  group, hooks,
                                patterns,           payload_last, policy,    publish_counts, stats};
} // namespace capability

/// Which events from before it came a consumer wants: one of these.
struct replay_wish {
  uint64_t last = 0;       ///< The last so many of those that it would have got.
  std::string since = {};  ///< Those from that time on: RFC 3339, or how long ago.
  bool latest = false;     ///< The newest of each type.
  std::string cursor = {}; ///< Those after the event that had this cursor.
  bool operator==(const replay_wish&) const = default;
};

/// Consumer -> bus: asks for the events of `event_types` and `patterns`, or of `event_key` where both are empty.
struct hello {
  int64_t pid = 0; ///< As the consumer states it; the kernel's word is in the peer's credentials.
  std::string event_key = {};
  std::vector<std::string> event_types = {}; ///< Literal, whatever characters they have.
  std::vector<std::string> patterns = {};    ///< As `type_pattern.hpp` describes them.
  std::string version = protocol_version;    ///< Absent on the wire counts as v1.
  std::string subscription_id = {};          ///< Empty means the key itself.
  std::vector<std::string> capabilities = {};
  bool exclusive = false;    ///< It must be the only consumer of the subscription id.
  std::string on_first = {}; ///< Command that the bus runs before the first consumer of the subscription id is let in.
  std::string on_last = {};  ///< Command that the bus runs once after the last one has gone.
  std::map<std::string, std::string> hook_env = {}; ///< Environment of both; empty: the bus's own.
  std::string hook_dir = {};                        ///< Folder that both run in; empty: the bus's own.
  std::optional<uint32_t> hook_umask = {};          ///< Of both, 0 to 0777; none: the bus's own.
  std::string policy = {};                          ///< A word of `queue_policy`; empty: drop_oldest.
  uint64_t queue_capacity = 0;                      ///< Events that may wait for it, at most the bus's; 0: the bus's.
  uint64_t queue_bytes = 0;                         ///< The same in bytes.
  uint64_t block_ms = 0;                            ///< How long publishers wait for it; 0: the bus's default.
  event_filter filter = {};                         ///< Only events of whose payload all of it holds.
  std::string on_filter_error = {};                 ///< A word of `filter_error_policy`; empty: skip.
  std::optional<replay_wish> replay = {};           ///< Events from before it came; none: from now on.
  std::string group = {};                           ///< Whose members share their events; empty: none.
  bool ack = false;           ///< A member confirms each event; what it does not confirm goes to another member.
  uint32_t max_in_flight = 0; ///< Events that a member may have without confirming them; 0: the bus's default.
  uint32_t max_attempts = 0;  ///< How often an event is given to members before it is a dead letter; 0: the default.
  bool operator==(const hello&) const = default;
};

/// Bus -> consumer: the answer to `hello`, always the first frame on its connection.
struct hello_ack {
  std::string bus_version = protocol_version;
  bool first_for_key = false;
  bool rejected = false;
  std::string reject_reason = {};
  cafbus::reject_code reject_code = cafbus::reject_code::unknown; ///< For programs.
  std::vector<std::string> capabilities = {};
  bool operator==(const hello_ack&) const = default;
};

/// Consumer -> bus: these as well from now on.
struct subscribe_frame {
  std::vector<std::string> event_types = {};
  std::vector<std::string> patterns = {};
  bool operator==(const subscribe_frame&) const = default;
};

/// Consumer -> bus: these no longer. What is queued already still comes.
struct unsubscribe_frame {
  std::vector<std::string> event_types = {};
  std::vector<std::string> patterns = {};
  bool operator==(const unsubscribe_frame&) const = default;
};

/// Bus -> consumer: the answer to both: all that it is subscribed to now.
struct subscribed_frame {
  std::vector<std::string> event_types = {};
  std::vector<std::string> patterns = {};
  bool operator==(const subscribed_frame&) const = default;
};

/// Member of a group -> bus: it has handled that event.
struct ack_frame {
  uint64_t seq = 0; ///< In the member's own numbers.
  bool operator==(const ack_frame&) const = default;
};

/// Member of a group -> bus: it has not, and another one shall.
struct nack_frame {
  uint64_t seq = 0;
  uint64_t delay_ms = 0; ///< Not before so long.
  bool operator==(const nack_frame&) const = default;
};

/// Consumer -> bus: what became of its events on its side, as running totals of its connection; at most one a second.
struct consumer_stats {
  uint64_t handled = 0;
  uint64_t failed = 0; ///< Its handler failed on them.
  uint64_t lost = 0;   ///< It had them and gave them up.
  bool operator==(const consumer_stats&) const = default;
};

/// Both ways: the sender is about to end the connection.
struct bye {
  std::string reason = {};
  bool operator==(const bye&) const = default;
};

/// Consumer -> bus: am I the last one, and may I clean up?
struct pre_shutdown_check {
  std::string event_key = {};
  std::string subscription_id = {};
  bool operator==(const pre_shutdown_check&) const = default;
};

/// Bus -> consumer: `true` grants the cleanup lock.
struct pre_shutdown_ack {
  bool last_for_key = false;
  bool operator==(const pre_shutdown_ack&) const = default;
};

/// Anyone -> bus, as the first frame: answered with `status_response`, then the bus closes.
struct status_query {
  bool operator==(const status_query&) const = default;
};

/// Anyone -> bus, as the first frame: stop.
struct shutdown {
  std::optional<bool> force = {}; ///< False: only if no consumer is connected. None, as the original sends it: stop.
  int64_t drain_ms = 0;           ///< Longest time for consumers to take what is queued; 0: as the bus is set.
  bool operator==(const shutdown&) const = default;
};

/// Anyone -> bus, as the first frame: read the configuration again. Answered with `reload_result`, which is declared in
/// config/reload_result.hpp; then the bus closes.
struct reload_request {
  bool operator==(const reload_request&) const = default;
};

/// Bus -> consumer: the state of one source has changed. Takes no sequence number.
struct source_status {
  std::string source = {};
  source_state state = source_state::unknown;
  std::string detail = {};
  bool operator==(const source_status&) const = default;
};

/// Bus -> consumer that asked for it: these events were dropped for it. Stands in their place. With the reasons
/// `expired` and `restart` they were lost before it came, and have no numbers: `to_seq` is `from_seq` - 1 then.
struct gap_frame {
  uint64_t from_seq = 0;
  uint64_t to_seq = 0; ///< The last of them.
  uint64_t count = 0;  ///< 0: it is not known how many.
  gap_reason reason = gap_reason::unknown;
  bool operator==(const gap_frame&) const = default;
};

/// Producer -> bus, behind its first event: from now on the bus answers, and reads on, when each consumer of what was
/// published has room for more, but waits for none for longer than this.
struct wait_for_room {
  uint64_t wait_ms = 0;
  bool operator==(const wait_for_room&) const = default;
};

/// Bus -> producer: running totals of its connection.
struct publish_ack {
  uint64_t accepted = 0;
  uint64_t duplicates = 0;
  uint64_t rejected = 0;
  std::optional<uint64_t> unmatched = {}; ///< Of those accepted: without a subscriber. Other buses do not say.
  std::optional<uint64_t> consumers = {}; ///< Subscribed to at least one event of the last batch; no running total.
  bool operator==(const publish_ack&) const = default;
};

/// Bus -> anyone: what the peer did wrong. `code` is for programs, `message` for people.
struct error_frame {
  error_code code = error_code::unknown;
  std::string message = {};
  bool operator==(const error_frame&) const = default;
};

/// One consumer in a `status_response`.
struct consumer_status {
  int64_t pid = 0; ///< As stated in its hello.
  std::string event_key = {};
  std::string subscription_id = {};
  uint64_t received = 0; ///< Events meant for it since it came, dropped ones included.
  uint64_t dropped = 0;
  uint64_t delivered = 0; ///< Handed to its socket or actor, and taken.
  uint64_t queued = 0;    ///< Waiting for it or on the way: received - dropped - delivered.
  uint64_t queued_bytes = 0;
  std::vector<std::string> event_types = {};
  std::vector<std::string> patterns = {};
  queue_policy policy = queue_policy::unknown; ///< Unknown: it asked for none.
  uint64_t queue_capacity = 0;                 ///< That it asked for; 0: none.
  uint64_t queue_bytes = 0;                    ///< The same.
  uint64_t block_ms = 0;                       ///< With the policy block: how long publishers wait for it.
  std::vector<int64_t> blocks = {}; ///< Process ids of the publishers that wait for it now; 0: a source of the bus.
  event_filter filter = {};         ///< That it asked for.
  filter_error_policy on_filter_error = filter_error_policy::unknown; ///< Unknown: it has no filter.
  uint64_t filtered = 0;      ///< Events of its types that its filter has kept from it; not part of `received`.
  uint64_t filter_errors = 0; ///< Events of its types that its filter could not judge.
  std::string group = {};     ///< That it is a member of.
  uint64_t in_flight = 0;     ///< A member of a group: events that it has not confirmed.
  std::optional<consumer_stats> stats = {}; ///< As it has told; none: it has not.
  bool operator==(const consumer_status&) const = default;
};

/// One group in a `status_response`: received = waiting + in_flight + done + dead + lost.
struct group_status {
  std::string name = {};
  uint64_t members = 0;
  bool ack = false;
  uint64_t received = 0;    ///< Events meant for it since it began.
  uint64_t waiting = 0;     ///< For a member.
  uint64_t in_flight = 0;   ///< With a member that has not confirmed them.
  uint64_t done = 0;        ///< Confirmed; without `ack`: written to a member.
  uint64_t redelivered = 0; ///< Times that an event was given to a member once more.
  uint64_t dead = 0;        ///< Given up after the last attempt.
  uint64_t lost = 0;        ///< For want of room in its queue.
  uint64_t ignored = 0;     ///< Confirmations of events that the member did not have.
  bool operator==(const group_status&) const = default;
};

/// One source in a `status_response`.
struct source_report {
  std::string source = {};
  source_state state = source_state::unknown;
  std::string detail = {};
  std::string since = {}; ///< RFC 3339, when it entered that state.
  bool operator==(const source_report&) const = default;
};

/// One link to another bus in a `status_response`.
struct link_report {
  std::string peer = {}; ///< HOST:PORT that was called, or who called: app, process id and host.
  link_direction direction = link_direction::unknown;
  source_state state = source_state::unknown;
  std::string node = {}; ///< The other bus's own number, in hexadecimal; a new one each time it starts. Empty: unknown.
  uint64_t types = 0;    ///< Event types that are asked for at the moment: by us (in) or of us (out).
  uint64_t received = 0; ///< in: events that came; out: events meant for it.
  uint64_t dropped = 0;  ///< On the sending side, since the link was made.
  uint64_t missed = 0;   ///< in: events, wanted or not, that the other bus took in while the link was down.
  uint64_t queued = 0;   ///< out: how many it lags behind.
  std::string detail = {}; ///< What it waits for; empty: nothing.
  bool operator==(const link_report&) const = default;
};

/// An event type that came in without a subscriber.
struct unmatched_type {
  std::string event_type = {};
  uint64_t count = 0;
  bool operator==(const unmatched_type&) const = default;
};

/// All events that came in, by outcome: ingress = duplicates + unmatched + matched.
struct bus_counters {
  uint64_t ingress = 0;    ///< Well-formed events taken in.
  uint64_t duplicates = 0; ///< Left out: the same event_id was matched within the dedup window.
  uint64_t unmatched = 0;  ///< No consumer was subscribed to it at that moment.
  uint64_t matched = 0;    ///< Put into the mailbox of at least one consumer.
  uint64_t rejected = 0;   ///< Lines that were no event; not part of ingress.
  bool operator==(const bus_counters&) const = default;
};

/// What a bus holds at the moment of what its limits bound.
struct bus_load {
  uint64_t connections = 0; ///< Consumers and producers on sockets.
  uint64_t half_open = 0;   ///< Connections without a complete first frame.
  uint64_t refused = 0;     ///< Connections refused because a limit was reached, since the start.
  bool paused = false;      ///< No connection is accepted until one ends.
  uint64_t queued_bytes = 0;
  uint64_t hooks = 0;         ///< Of consumers, that run.
  uint64_t waiting_hooks = 0; ///< That wait until one of them has ended.
  bool operator==(const bus_load&) const = default;
};

/// The load beside the limits: one object in a `status_response`.
struct load_and_limits {
  bus_load load = {};
  runtime_limits limits = {};
  bool operator==(const load_and_limits&) const = default;
};

/// Bus -> anyone: the answer to `status_query`. The first four fields are the original's.
struct status_response {
  int64_t pid = 0;
  int64_t uptime_sec = 0;
  int64_t active_conns = 0;
  std::vector<consumer_status> consumers = {};
  std::string version = {}; ///< Of the program, not of the protocol.
  std::string app = {};
  bus_phase state = bus_phase::unknown;
  std::string socket = {};
  std::string last_event_at = {}; ///< RFC 3339, empty before the first event.
  bus_counters counters = {};
  std::vector<unmatched_type> unmatched_types = {}; ///< The latest few, newest first.
  std::vector<source_report> sources = {};
  std::vector<link_report> links = {}; ///< To other buses.
  std::vector<group_status> groups = {};
  std::string certificate_expires = {};       ///< The bus's own, for links, RFC 3339; empty: it has none.
  std::optional<load_and_limits> limits = {}; ///< Other buses do not say.
  bool operator==(const status_response&) const = default;
};

/// A line whose `type` is `publish` or `event`, or none that we know; its content is not decoded here.
struct publish_line {
  bool operator==(const publish_line&) const = default;
};
struct event_line {
  bool operator==(const event_line&) const = default;
};
struct unknown_line {
  std::string type = {};
  bool operator==(const unknown_line&) const = default;
};

using frame = std::variant<hello, hello_ack, subscribe_frame, unsubscribe_frame, subscribed_frame, ack_frame,
                           nack_frame, consumer_stats, bye, pre_shutdown_check, pre_shutdown_ack, status_query,
                           shutdown, reload_request, reload_result, source_status, gap_frame, wait_for_room,
                           publish_ack, error_frame, status_response, publish_line, event_line, unknown_line>;

} // namespace cafbus
