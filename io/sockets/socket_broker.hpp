#pragma once
#include "actors/bus.hpp"
#include "config/log_limit.hpp"
#include "io/daemon/own_file.hpp"
#include "io/sockets/session.hpp"
#include "io/sockets/socket_calls.hpp"
#include "messages/socket_actors.hpp"

#include <caf/io/doorman.hpp>
#include <deque>
#include <optional>
#include <unordered_map>

namespace cafbus {

/// What a session is for, as far as its broker knows.
enum class session_role : uint8_t {
  half_open, ///< No complete first frame yet.
  working,   ///< A consumer or producer.
  asking,    ///< A status query or a shutdown.
  evicted,   ///< It was half-open and is about to end.
};

/// Owns the listening socket: forks a session for each connection, gives each its time for the first frame, and
/// decides, being where connections are accepted, whether the bus is idle.
///
/// Invariant: `sessions` are the sessions that have not ended, each monitored; the half-open ones are also in
/// `half_open`, by the end of their time, and a timer for the first of them runs iff that is not empty. `paused` iff as
/// many sessions are there as there are descriptors for; then none is accepted, which would fail and be tried again for
/// ever.
struct socket_broker_state {
  static inline const char* name = "socket_broker";

  using pointer = closing_broker<socket_broker_actor::stateful_broker_base<socket_broker_state>>*;

  socket_broker_state() = default;
  socket_broker_state(const socket_broker_state&) = delete;
  socket_broker_state& operator=(const socket_broker_state&) = delete;

  /// Removes the socket's file, if that has not been done, and ends the sessions that are left.
  ~socket_broker_state();

  void on_connection(const caf::io::new_connection_msg& x);
  void on_acceptor_closed();
  void on_established(const session_established& x);
  void on_first_frame_due();
  reconfigured on_reconfigure(const reconfigure& x);
  void on_down(const caf::down_msg& x);
  void on_evict_half_open();
  bus_load on_read_load() const;
  idle_verdict on_stop_if_idle();
  caf::result<listener_closed> on_close_listener(const close_listener& x);

  void stop_listening();
  void arm_first_frame_timer();
  bool evict_oldest();
  void pause();
  void resume_unless_full();
  bool is_full() const { return descriptors != 0 && sessions.size() >= descriptors; }
  bool all_gone() const;

  struct entry {
    session_actor session;
    session_role role = session_role::half_open;
  };
  void leave_half_open(entry& x, session_role next);

  struct half_open_session {
    caf::actor_id id;
    std::chrono::steady_clock::time_point due;
  };

  pointer self = nullptr;
  std::shared_ptr<session_context> context;
  caf::io::accept_handle listening;
  bool accepting = true;
  std::string socket_path;
  own_file socket_file; // removed at the end only if it has not been replaced
  std::unordered_map<caf::actor_id, entry> sessions;
  std::deque<half_open_session> half_open;
  size_t half_open_count = 0;
  uint64_t evicted = 0;
  log::limit paused_log;
  log::limit resumed_log;
  uint32_t descriptors = 0; // for sessions of all kinds; 0: no limit
  bool paused = false;
  std::optional<std::chrono::steady_clock::time_point> timer; // when the one that is pending comes
  caf::typed_response_promise<listener_closed> stopping;
};

socket_broker_actor::behavior_type socket_broker(socket_broker_state::pointer self, caf::io::doorman_ptr listener,
                                                 const bus_parts& parts, const bus_options& options,
                                                 socket_calls* calls, const own_file& file);

/// Spawns the broker on a bound, listening socket, which it owns from now on, and attaches it to the bus.
/// @param file That of the socket, as it was when the socket was made: by now another bus may have taken its place. It
/// is removed when the broker stops listening, unless the socket is shared.
/// @param shared Another process listens on it, too, and goes on when this one has ended.
/// @pre the system has the I/O module.
void spawn_socket_broker(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                         unique_fd listening, const own_file& file, bool shared = false);

} // namespace cafbus
