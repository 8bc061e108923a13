#pragma once
#include "actors/bus.hpp"
#include "io/daemon/own_file.hpp"
#include "io/links/link_session.hpp"

#include <caf/io/doorman.hpp>
#include <deque>
#include <unordered_map>

namespace cafbus {

struct link_broker_options {
  bus_actor bus; ///< Whoever makes the broker attaches it there; it ends as well if the bus has ended.
  node_gate_actor gate;
  link_terms_ptr terms;
  link_transport transport = link_transport::plain;
  own_file socket_file;          ///< Of a Unix socket, which is removed at the end if it has not been replaced.
  uint32_t descriptors = 0;      ///< For links and connections that may become one.
  socket_calls* calls = nullptr; ///< Outlives the broker.
};

/// Owns the socket where other buses connect: forks a session for each connection and sees to it that those which are
/// no link yet never take the place of those that are. A connection has its time (`node_connect_timeout`, kept by its
/// session); if many are half-way in, the oldest goes.
///
/// Invariant: `sessions` are those that have not ended, each monitored; `half_open` are, in the order in which they
/// came, those that are no link yet. `paused` iff there are as many sessions as descriptors for them; then none is
/// accepted, which would fail and be tried again for ever.
struct link_broker_state {
  static inline const char* name = "link-broker";

  using pointer = closing_broker<link_broker_actor::stateful_broker_base<link_broker_state>>*;

  link_broker_state() = default;
  link_broker_state(const link_broker_state&) = delete;
  link_broker_state& operator=(const link_broker_state&) = delete;

  /// Removes the socket's file and ends the sessions that are left.
  ~link_broker_state();

  void on_connection(const caf::io::new_connection_msg& x);
  void on_established(const link_established& x);
  void on_down(const caf::down_msg& x);
  void on_make_room();
  void on_change(const change_link_terms& x);

  void accept(caf::io::connection_handle handle, std::string where);
  bool evict_oldest();
  void pause();
  void arm_room_timer();
  bool is_full() const { return sessions.size() >= options.descriptors; }
  size_t max_half_open() const;

  pointer self = nullptr;
  link_broker_options options;
  caf::io::accept_handle listening;
  std::shared_ptr<link_logs> logs = std::make_shared<link_logs>();
  std::shared_ptr<handshake_pace> pace = std::make_shared<handshake_pace>();
  log::limit evicted_log;
  log::limit paused_log;
  log::limit foreign_log;
  std::unordered_map<caf::actor_id, link_session_actor> sessions;
  std::deque<caf::actor_id> half_open;
  bool paused = false;
  bool room_timer = false;
};

link_broker_actor::behavior_type link_broker(link_broker_state::pointer self, caf::io::doorman_ptr listener,
                                             const link_broker_options& options);

} // namespace cafbus
