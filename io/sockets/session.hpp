#pragma once
#include "actors/closing_broker.hpp"
#include "actors/queue_budget.hpp"
#include "config/log_limit.hpp"
#include "config/options.hpp"
#include "io/sockets/connection_room.hpp"
#include "io/sockets/session_output.hpp"
#include "io/sockets/socket_calls.hpp"
#include "messages/event_encoder.hpp"
#include "messages/frame_codec.hpp"
#include "messages/frame_splitter.hpp"
#include "messages/socket_actors.hpp"

#include <caf/typed_response_promise.hpp>

namespace cafbus {

/// What all sessions of one broker share; immutable but for the room.
struct session_context {
  bus_actor bus;
  hub_actor hub;
  cleanup_lock_actor lock;
  socket_broker_actor broker;
  bus_options options;
  socket_calls* calls = nullptr; ///< Outlives the sessions.
  std::shared_ptr<connection_room> room;
  std::shared_ptr<queue_budget> budget;
};

class session_broker;

/// One connection: turns its bytes into hello, publish, bye and so on, and deliveries into bytes.
///
/// A CAF connection handle is the fd number, which is reused at once; so each connection is an actor of its own that
/// never gives its handle away. It keeps no list of what to undo: conn, coordinator and broker monitor it and learn of
/// its end, whichever way it ends.
///
/// Invariant: `conn` is set iff the hello has been acknowledged; `credit` is pending iff a delivery has not left CAF's
/// write buffer; while `awaiting_hub`, nothing is taken from `splitter`.
struct session_state {
  static inline const char* name = "session";

  using pointer = session_broker*;
  session_state() = default;
  session_state(const session_state&) = delete;
  session_state& operator=(const session_state&) = delete;

  enum class phase : uint8_t {
    first_frame, ///< Nothing has been understood yet.
    entering,    ///< The hello waits for the coordinator.
    consuming,
    producing,
    answering, ///< A status query or shutdown waits for the bus.
    closing,   ///< Ends as soon as the last bytes have left.
  };

  ~session_state();
  void start(caf::io::connection_handle handle);
  void on_data(const caf::io::new_data_msg& x);
  void on_closed(const caf::io::connection_closed_msg& x);
  void on_transferred(const caf::io::data_transferred_msg& x);
  caf::result<delivered> on_delivery(const delivery& x);
  bool takes_deliveries() const noexcept;
  void on_delivery_at_hand(caf::mailbox_element& x) noexcept;
  session_output::result write_delivery(const delivery& x);
  void on_close_session(const close_session& x);
  void on_stall_check(const stall_check& x);

  void process();
  void on_line(std::string_view line);
  void on_first_frame(std::string_view line);
  void on_consumer_frame(std::string_view line);
  void on_producer_line(std::string_view line);
  void on_hello(hello x);
  void on_entered(const entered& x);
  void on_pre_shutdown_check(const pre_shutdown_check& x);
  void on_status_query();
  void on_shutdown(const shutdown& x);
  void publish_batch();
  void on_published(const published& x);

  void write(const std::string& frame);
  void unexpected(const char* what);
  void reject(const char* code, const std::string& why);
  void fail(close_reason reason, const std::string& message);
  void on_exception();
  bool find_room();
  void drain_and_say_bye(std::chrono::nanoseconds limit);
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
  phase now = phase::first_frame;
  close_reason closing_reason = close_reason::peer_closed;
  bool ended = false;
  bool in_handler = false;
  bool stall_timer = false;

  connection_slot slot; // of consumers and producers
  consumer_info info;
  conn_actor conn;
  caf::typed_response_promise<delivered> credit;
  size_t waiting_answers = 0; // bytes of frames that are no events, since the peer last had everything
  uint64_t skipped = 0;       // lines after the hello that were no frame

  std::optional<event_encoder> encoder; // producers only
  publish_ack totals;
  uint64_t rejected = 0; // since the last batch
  bool awaiting_hub = false;
  bool halted = false;
  bool said_bye = false;
  std::optional<std::string> stop_reason; // the bus is stopping
  log::limit reject_log;
};

/// The actor around a session_state. What conn delivers to a consumer is written in `enqueue`, without a turn, if it
/// comes on the multiplexer's thread and no handler of this actor is running.
class session_broker : public closing_broker<session_actor::stateful_broker_base<session_state>> {
public:
  using super = closing_broker<session_actor::stateful_broker_base<session_state>>;
  using super::super;
  void enqueue(caf::mailbox_element_ptr ptr, caf::execution_unit* host) override;
  /// CAF's would claim for any sender that it runs on the multiplexer's thread.
  void enqueue(caf::strong_actor_ptr sender, caf::message_id id, caf::message content,
               caf::execution_unit* host) override;

  bool has_state = false; ///< From the state's start to its end.
};

session_actor::behavior_type session(session_state::pointer self, caf::io::connection_handle handle,
                                     const std::shared_ptr<const session_context>& context);

} // namespace cafbus
