#pragma once
#include "actors/closing_broker.hpp"
#include "actors/filter_registry.hpp"
#include "actors/inline_turn.hpp"
#include "actors/queue_budget.hpp"
#include "config/log_limit.hpp"
#include "config/options.hpp"
#include "io/sockets/connection_limit.hpp"
#include "io/sockets/session_output.hpp"
#include "io/sockets/socket_calls.hpp"
#include "messages/event_encoder.hpp"
#include "messages/frame_codec.hpp"
#include "messages/frame_splitter.hpp"
#include "messages/socket_actors.hpp"

#include <caf/typed_response_promise.hpp>

namespace cafbus {

/// What all sessions of one broker share; immutable but for the limit.
struct session_context {
  bus_actor bus;
  hub_actor hub;
  cleanup_lock_actor lock;
  socket_broker_actor broker;
  bus_options options;
  socket_calls* calls = nullptr; ///< Outlives the sessions.
  std::shared_ptr<connection_limit> limit;
  std::shared_ptr<queue_budget> budget;
  std::shared_ptr<filter_registry> filters;
  groups_actor groups;
};

class session_broker;

/// Where a connection is in its life: a consumer takes the upper way, a producer the lower one, going back and forth
/// between `producing` and `publishing`:
///
///     first_frame - entering -- consuming - draining --------- closing - ended
///               | producing - publishing - publishing_last ---'
///
/// Every phase may go straight to `closing` or `ended`.
enum class session_phase : uint8_t {
  first_frame,     ///< Nothing has been understood yet.
  entering,        ///< The hello waits for the coordinator, then for its group.
  consuming,       ///< The hello is acknowledged and `conn` or `group` delivers.
  draining,        ///< The same, until the conn is empty: the bus is stopping.
  producing,       ///< Lines are read; no batch is with the hub.
  publishing,      ///< The hub has a batch; nothing more is read until it answers.
  publishing_last, ///< The same, and its answer is the end: `closing_reason` says why.
  answering,       ///< A status query, a shutdown or a reload waits for the bus.
  closing,         ///< The last frame is written; the end comes when it has left, for `closing_reason`.
  ended,           ///< The actor quits, the socket is shut down.
};

/// One connection: turns its bytes into hello, publish, bye and so on, and deliveries into bytes.
///
/// A CAF connection handle is the fd number, which is reused at once; so each connection is an actor of its own that
/// never gives its handle away. It keeps no list of what to undo: conn, coordinator and broker monitor it and learn of
/// its end, whichever way it ends.
///
/// Its sources: session.cpp has its life and what it writes, session_frames.cpp what it makes of frames,
/// session_producer.cpp what it makes of a producer's lines.
///
/// Invariant: `conn`, or for a member of a group `group`, is set iff the hello has been acknowledged, `encoder` iff a
/// publish has come; `credit` is pending iff a delivery has not left the output.
struct session_state {
  static inline const char* name = "session";

  using pointer = session_broker*;
  session_state() = default;
  session_state(const session_state&) = delete;
  session_state& operator=(const session_state&) = delete;

  void start(caf::io::connection_handle handle);
  void on_data(const caf::io::new_data_msg& x);
  void on_closed(const caf::io::connection_closed_msg& x);
  void on_transferred(const caf::io::data_transferred_msg& x);
  void on_delivery(const delivery& x);
  void answer_delivery();
  session_output::result write_delivery(const delivery& x);
  void on_close_session(const close_session& x);
  void on_stall_check(const stall_check& x);

  std::string_view receive(size_t size);
  void process();
  void on_line(std::string_view line);
  void on_first_frame(std::string_view line);
  void on_consumer_frame(std::string_view line);
  void on_producer_line(std::string_view line);
  void on_producer_bye();
  void finish_producer();
  void on_hello(hello x);
  void on_entered(const entered& x);
  void on_group_entered(const group_entered& x, bool first);
  void begin_consuming(bool first);
  void on_subscribe(const subscribe_frame& x);
  void on_unsubscribe(const unsubscribe_frame& x);
  void on_ack(const ack_frame& x);
  void on_nack(const nack_frame& x);
  void on_stats(const consumer_stats& x);
  void change_to(consumer_info wanted);
  void on_pre_shutdown_check(const pre_shutdown_check& x);
  void on_status_query();
  void on_shutdown(const shutdown& x);
  void on_reload_request();
  void on_reload_result(const reload_result& x);
  bool publish_batch(session_phase next);
  bool batch_is_full() const;
  void on_published(const published& x);
  void on_publish_refused();
  void tell_totals();
  bool may_leave_unread() const noexcept;

  void write(const std::string& frame);
  void unexpected(const char* what);
  void reject(reject_code code, const std::string& why);
  void fail(close_reason reason, const std::string& message);
  void on_exception();
  bool admit();
  bool reads_lines() const noexcept;
  bool is_consumer() const { return conn || group; }
  void stop(const std::string& reason, std::chrono::nanoseconds drain_limit);
  void drain_conn(std::chrono::nanoseconds limit);
  void say_bye();
  void finish(close_reason reason);
  void end(close_reason reason);
  void log_end(close_reason reason);
  void established(bool asks_only);
  void watch_for_stall();
  caf::strong_actor_ptr me() const;

  pointer self = nullptr;
  std::shared_ptr<const session_context> context;
  std::optional<session_output> output;
  std::optional<credentials> peer;
  frame_splitter splitter{defaults::max_frame_bytes};
  session_phase phase = session_phase::first_frame;
  close_reason closing_reason = close_reason::peer_closed; // of publishing_last and closing
  std::string bye_reason;                                  // why the bus stops, once it does
  bool stall_check_pending = false;                        // a timer runs

  admission admitted; // of consumers and producers
  consumer_info info;
  compiled_filter_ptr filter; // of `info`; null: none
  conn_actor conn;
  group_actor group;
  caf::response_promise credit; // of a `delivery`
  size_t waiting_answers = 0;   // bytes of frames that are no events, since the peer last had everything
  uint64_t skipped = 0;         // lines after the hello that were no frame

  std::optional<event_encoder> encoder; // producers only
  publish_ack totals;
  bool totals_due = false; // an answer waits for the one before it to leave
  uint64_t rejected = 0;   // since the last batch
  log::limit reject_log;
  std::chrono::nanoseconds room_wait{0}; // for each consumer of what it publishes
};

/// The actor around a session_state. What its conn delivers is written at once.
class session_broker
  : public inline_turn<closing_broker<session_actor::stateful_broker_base<session_state>>, delivery> {
public:
  using inline_turn::inline_turn;

  void handle(const delivery& x) override { state.on_delivery(x); }
};

session_actor::behavior_type session(session_state::pointer self, caf::io::connection_handle handle,
                                     const std::shared_ptr<const session_context>& context);

} // namespace cafbus
