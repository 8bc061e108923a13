#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every default and every limit, with its unit and its reason.
namespace cafbus::defaults {

using namespace std::chrono_literals;

// -- wire ---------------------------------------------------------------------------------------------------------
/// Longest frame in bytes, newline included: the original's limit, so that both sides agree.
inline constexpr size_t max_frame_bytes = 1'048'576;
/// Longest line that a client takes from its bus in bytes: a status names every consumer with its types, 1.4 MB for one
/// that asks for 100,000 types.
inline constexpr size_t max_answer_bytes = 16 * max_frame_bytes;
/// Longest payload in bytes: leaves 64 KiB for the envelope, so that every accepted event fits a frame.
inline constexpr size_t max_payload_bytes = max_frame_bytes - 65'536;
/// Longest key, event type, event id, source time or subscription id in bytes. Six of them escaped fit the envelope's
/// 64 KiB.
inline constexpr size_t max_name_bytes = 1'024;
/// Deepest nesting of a JSON value: simdjson's own default.
inline constexpr uint32_t max_json_depth = 1'024;
/// Longest event key, subscription id or event type of a hello in bytes; an option may lower it.
inline constexpr uint32_t max_key_bytes = max_name_bytes;
/// Longest command of a hook in bytes.
inline constexpr size_t max_hook_bytes = 4'096;
/// Environment of those commands in bytes, names, values and two for each counted.
inline constexpr size_t max_hook_env_bytes = 64 * 1'024;
/// Conditions of a consumer's filter: each is evaluated for each event of its types.
inline constexpr size_t max_filter_conditions = 16;
/// Longest pointer of a condition in bytes, and the most names in one.
inline constexpr size_t max_filter_pointer_bytes = 1'024;
inline constexpr size_t max_filter_depth = 64;
/// Longest string that a condition compares with in bytes, and the most values in the list of `in`.
inline constexpr size_t max_filter_value_bytes = 1'024;
inline constexpr size_t max_filter_choices = 64;
/// Longest filter that is written as text, in bytes.
inline constexpr size_t max_filter_text_bytes = 64 * 1'024;
/// Different filters of a bus's consumers; beyond it a hello with another one is rejected.
inline constexpr size_t max_filters = 1'024;
/// Most event types in one hello: an index entry each, so a bound on what one consumer can make us hold.
inline constexpr uint32_t max_event_types = 1'024;
/// Connections that may wait while the bus is busy: a burst of starters.
inline constexpr int listen_backlog = 1'024;
/// Time for the first frame to be complete: the original's.
inline constexpr auto hello_timeout = 5s;

// -- connections --------------------------------------------------------------------------------------------------
/// Consumers and producers at once. 0: as many as there are descriptors for, see `own_descriptors`.
inline constexpr uint32_t max_connections = 0;
/// The most that descriptors are counted as: beyond it, memory is the limit.
inline constexpr uint32_t most_connections = 65'536;
/// Descriptors that connections leave alone: locks, log, signals, the multiplexer, and the first hook.
inline constexpr uint32_t own_descriptors = 24;
/// The same for each source: a command has seven while it starts and four then, a file up to eight while it is rotated,
/// a link to another bus its socket and what it takes to resolve a name.
inline constexpr uint32_t source_descriptors = 8;
/// Connections beyond the limit that may still ask: for `status`, for `stop`, and for why they are refused.
inline constexpr uint32_t spare_connections = 8;
/// Connections without a complete first frame; beyond it the oldest is closed. A backlog's worth, so that a burst of
/// honest ones gets through.
inline constexpr uint32_t max_half_open = 1'024;

// -- consumers ----------------------------------------------------------------------------------------------------
/// Events queued for one consumer before the oldest is dropped: so many that for most events their bytes count.
/// A consumer which is to lose nothing beside a million events per second may have to wait for a processor for 50 ms.
inline constexpr uint32_t queue_capacity = 65'536;
/// Bytes queued for one consumer before the oldest event is dropped: eight frames of the largest size.
inline constexpr size_t queue_bytes = 8 * 1'048'576;
/// Bytes queued for all consumers together, an event counted once per queue; beyond it the longest queues drop their
/// oldest events first. 128 stuck consumers with full queues.
inline constexpr size_t max_queued_bytes = 1'024 * size_t{1'048'576};
/// Bytes of one delivery, unless a single event is larger: about the default send buffer of a Unix socket.
inline constexpr size_t delivery_bytes = 256 * 1'024;
/// Time without any progress on a consumer's socket before it is closed as stalled: the original's.
inline constexpr auto write_timeout = 5s;

// -- ingress ------------------------------------------------------------------------------------------------------
/// Bytes asked of a producer's socket at once: as many as still fit a core's second-level cache on their way from the
/// kernel into a batch, and a dozen of the webhooks that this bus is for. One buffer per thread serves all sockets.
inline constexpr size_t read_bytes = 128 * 1'024;
/// The same for a connection that is no producer, or not yet: what it sends ahead of an answer is kept for it, and
/// there may be thousands of them.
inline constexpr size_t quiet_read_bytes = 4 * 1'024;
/// Event ids remembered, at most. 0: no event is ever a duplicate.
inline constexpr uint32_t dedup_capacity = 10'000;
/// How long an event id is remembered. Upstreams are known to retry after 5 minutes, 1 hour and 6 hours.
inline constexpr auto dedup_ttl = 7h;
/// Unmatched event types that status names, newest first.
inline constexpr size_t unmatched_types = 16;
/// How long publishers wait for a consumer with the policy block that does not say, and at most.
inline constexpr auto block_time = 10s;
inline constexpr auto max_block_time = 60s;

// -- groups -------------------------------------------------------------------------------------------------------
/// Events that a member of a group may have without confirming them: enough to keep one busy while its confirmations
/// travel, few enough that little is done twice when it dies. At most: what a group keeps for each member.
inline constexpr uint32_t max_in_flight = 16;
inline constexpr uint32_t most_in_flight = 1'024;
/// Times that an event is given to members before it is a dead letter. At most: what nobody would wait for.
inline constexpr uint32_t max_attempts = 5;
inline constexpr uint32_t most_attempts = 1'000;
/// Longest time after which an event is to be given out again: a pause of a service, not a schedule.
inline constexpr auto max_nack_delay = 1h;
/// The same without confirmations: events that are on their way to a member's socket.
inline constexpr uint32_t most_unwritten = 1'024;

// -- history ------------------------------------------------------------------------------------------------------
/// Events kept for consumers that ask for what was before they came. 0: none.
inline constexpr uint32_t history_events = 65'536;
/// Bytes of the batches that hold them: as much as one consumer's queue. 0: there is no history.
inline constexpr size_t history_bytes = 8 * 1'048'576;
/// How old they may be: a day's, as far as there is room. 0: any age.
inline constexpr auto history_age = 24h;

// -- first and last -----------------------------------------------------------------------------------------------
/// How long a hello waits while the cleanup lock of its subscription id is held. Those of the original give up at 5 s.
inline constexpr auto cleanup_wait = 3s;
/// How long a cleanup lock may be held before it is taken away.
inline constexpr auto cleanup_lease = 30s;
/// How long a hook may run before it is ended and has failed.
inline constexpr auto hook_timeout = 30s;
/// Hooks that run at once; each costs two descriptors and a few processes. The others wait for their turn.
inline constexpr uint32_t max_hooks = 16;
/// Subscription ids whose `on_first` may have left processes that have its standard error: a descriptor each. As many
/// as one poll() may ask for whenever a hook begins or ends.
inline constexpr uint32_t max_left_groups = 1'024;

// -- life ---------------------------------------------------------------------------------------------------------
/// Time without a consumer before the daemon ends. 0 or `never`: it stays.
inline constexpr auto idle_timeout = 30s;
/// Time that a stopping bus gives its consumers to take what is queued for them.
inline constexpr auto drain_timeout = 2s;

// -- sources ------------------------------------------------------------------------------------------------------
/// Pause before the first restart of a source; doubles up to the longest, each time changed by up to a fifth.
inline constexpr auto source_backoff = 500ms;
inline constexpr auto source_backoff_max = 30s;
/// Restarts in a row, without one event between them, before an exec source is given up and the bus stops.
inline constexpr uint32_t source_retries = 10;
/// Time without an event after which a source is shown as stale. 0 or `never`: it never is.
inline constexpr auto source_max_silence = 0s;
/// How long a child process may take to end after SIGTERM before it gets SIGKILL.
inline constexpr auto source_kill_after = 1s;

// -- links between buses --------------------------------------------------------------------------------------------
/// Links that an event crosses, and that a wish for events travels, at most: more is a loop or a mistake.
inline constexpr uint32_t max_node_hops = 16;
/// Streams (the events of one type of one bus) of which it is remembered how far they have come.
inline constexpr size_t max_streams = 262'144;
/// Event types of this bus that are numbered for others; what is lost of further ones on a link is not counted.
inline constexpr size_t max_own_streams = 65'536;
/// Streams that one link follows; the same holds beyond.
inline constexpr size_t max_link_streams = 65'536;
/// Buses that take events from this one, at most.
inline constexpr size_t max_node_links = 256;
/// Event types that one link asks for, at most.
inline constexpr size_t max_node_types = 65'536;
/// Time for a connection to another bus to be made, and for it to introduce itself.
inline constexpr auto node_connect_timeout = 5s;
/// A link that gets no sign of life from the other machine for so long is given up.
inline constexpr auto node_silence_timeout = 20s;
/// Time that the events queued for another bus are kept after its link was lost. 0: they are lost with it.
inline constexpr auto link_grace = 60s;
/// Changes of interest within this time travel together.
inline constexpr auto node_interest_pause = 5ms;

// -- commands on events -------------------------------------------------------------------------------------------
/// How long `consume --exec` lets a command work on one event. 0 or `never`: as long as it takes.
inline constexpr auto exec_timeout = 30s;
/// How long a command may take to end after SIGTERM before it gets SIGKILL.
inline constexpr auto exec_kill_after = 1s;
/// While a command works, the bus is read at this pace, so that it sees a slow consumer and not a stuck one (see
/// `write_timeout`), until this many bytes are held; from then on the bus queues and drops events.
inline constexpr auto read_ahead_pause = 2s;
inline constexpr size_t read_ahead_bytes = queue_bytes;

// -- log ----------------------------------------------------------------------------------------------------------
/// Size of bus.log at which it is rotated, and how many old ones are kept: the original's size.
inline constexpr size_t log_file_bytes = 5 * 1'048'576;
inline constexpr size_t log_files_kept = 3;
/// Log lines per second and cause, for causes that a peer controls; the next line says how many were left out.
inline constexpr uint32_t log_lines = 1;

} // namespace cafbus::defaults
