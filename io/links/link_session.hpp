#pragma once
#include "actors/closing_broker.hpp"
#include "config/log_limit.hpp"
#include "io/links/link_terms.hpp"
#include "io/sockets/socket_calls.hpp"
#include "messages/link_actors.hpp"
#include "messages/link_reader.hpp"

#include <array>
#include <caf/io/scribe.hpp>
#include <caf/typed_response_promise.hpp>
#include <deque>
#include <optional>

namespace cafbus {

/// Limits of log lines that all connections of one listener or connector share, since whoever is refused comes again on
/// a new one. Used on the multiplexer's thread only.
struct link_logs {
  log::limit tls;
  log::limit overdue;
  log::limit not_allowed;
  std::array<log::limit, static_cast<size_t>(link_offence::not_asked_for) + 1> offences;
};

/// What one connection is made with.
struct link_connection {
  link_side side = link_side::answerer;
  link_transport transport = link_transport::plain;
  std::string where;    ///< The address at the other end, for the log.
  std::string expected; ///< Caller with TLS: the name that the certificate must have.
  link_terms_ptr terms;
  node_gate_actor gate;          ///< Answerer: this bus's.
  link_broker_actor broker;      ///< Answerer: is told when this is a link.
  caf::actor_addr connector;     ///< Caller: the connection ends with it.
  socket_calls* calls = nullptr; ///< Outlives the session.
  std::shared_ptr<link_logs> logs;
};

/// One connection to another bus: turns its bytes into the messages between import and export, and those into bytes.
///
/// Invariant: `tls` is set iff the transport is TLS; nothing is read or written as frames before it is established.
/// `greeted`, `welcomed`, `interest` and `taken` hold whoever waits for a frame of the peer.
struct link_session_state {
  static inline const char* name = "link-session";

  using pointer = closing_broker<link_session_actor::stateful_broker_base<link_session_state>>*;

  link_session_state() = default;
  link_session_state(const link_session_state&) = delete;
  link_session_state& operator=(const link_session_state&) = delete;

  enum class link_phase : uint8_t {
    securing,     ///< The TLS handshake is under way.
    greeting,     ///< The peer's greeting has not come.
    introduction, ///< Neither hello nor welcome has been answered.
    open,         ///< A link: interest and events pass.
    ended,
  };

  void start(caf::io::connection_handle on);

  // from actors
  caf::result<node_gate_actor> on_await_greeting();
  caf::result<node_welcome> on_hello(const node_hello& x);
  caf::result<node_interest_taken> on_interest(node_interest& x);
  caf::result<node_events_taken> on_events(node_events& x);
  void on_down(const caf::down_msg& x);
  void on_overdue();
  void on_tick();

  // from the multiplexer
  void on_data(const caf::io::new_data_msg& x);
  void on_transferred(const caf::io::data_transferred_msg& x);

  // from the peer
  void on_plain(std::string_view bytes);
  void on_secured();
  void on_frame(link_frame x);
  void on_greeting();
  void on_peer_hello(const link_hello& x);
  void on_peer_welcome(const link_welcome& x);
  void on_peer_interest(node_interest x);
  void on_peer_events(link_events x);

  void welcome(const node_welcome& x);
  bool may_resume() const { return reader->protocol() >= first_protocol_with_resume; }
  void write(link_kind kind, const link_frame& x);
  void write_bytes(std::string_view bytes);
  void flush(std::string_view bytes);
  void offend(link_offence x);
  void refuse_tls(const std::string& why);
  void end(const std::string& why);
  void say_bye(const std::string& why);
  std::string explained(const std::string& why) const;
  void schedule_tick();

  pointer self = nullptr;
  link_connection connection;
  caf::io::connection_handle handle;
  link_phase phase = link_phase::securing;
  std::optional<tls_channel> tls;
  std::optional<link_reader> reader;
  std::string plain; // of the bytes at hand
  link_peer peer;
  std::string not_allowed; // answerer: what a hello is answered with
  caf::actor_clock::time_point last_heard{};

  size_t pending = 0;         // bytes that the kernel has not taken
  size_t pending_answers = 0; // of frames that the peer can bring about at will, since it last had everything

  node_import_actor importer; // caller
  node_export_actor exporter; // answerer
  bool asked = false;         // caller: the connector waits for the greeting, or has
  std::string ended_by;       // caller: why it has ended, for a connector that has not asked yet
  caf::typed_response_promise<node_gate_actor> greeted;
  caf::typed_response_promise<node_welcome> welcomed;
  caf::typed_response_promise<node_interest_taken> interest;
  std::deque<caf::typed_response_promise<node_events_taken>> taken;
};

/// For a connection that the broker of this session has accepted.
link_session_actor::behavior_type accepted_link(link_session_state::pointer self, caf::io::connection_handle handle,
                                                const std::shared_ptr<const link_connection>& connection);

/// For one that a connector has made.
link_session_actor::behavior_type called_link(link_session_state::pointer self, caf::io::scribe_ptr scribe,
                                              const std::shared_ptr<const link_connection>& connection);

} // namespace cafbus
