#pragma once
#include "actors/closing_broker.hpp"
#include "io/links/link_talk.hpp"
#include "io/links/link_terms.hpp"
#include "io/sockets/socket_calls.hpp"
#include "messages/link_actors.hpp"

#include <array>
#include <caf/io/scribe.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

namespace cafbus {

/// How many TLS handshakes the connections of one listener begin. Each costs the thread on which events pass about a
/// millisecond (RSA, 2048 bits), whoever asks for it. Hosts that have had a link have places of their own, so that
/// strangers do not keep them out. Any thread.
class handshake_pace {
public:
  using time_point = caf::actor_clock::time_point;

  /// Whether one more may begin; if not, its peer is to come again.
  bool begin(const std::string& host, time_point now);

  /// A bus of that host is linked.
  void know(std::string host);

private:
  std::mutex mutex_;
  time_point window_end_{};
  std::array<uint32_t, 2> begun_{}; // since the window began: by strangers, by known hosts
  std::unordered_set<std::string> known_;
};

/// What one connection is made with.
struct link_connection : link_talk_terms {
  std::string expected; ///< Caller with TLS: the name that the certificate must have.
  link_terms_ptr terms;
  link_broker_actor broker;             ///< Answerer: is told when this is a link.
  std::shared_ptr<handshake_pace> pace; ///< Answerer.
  socket_calls* calls = nullptr;        ///< Outlives the session.
};

struct link_session_state;
using link_session_pointer = closing_broker<link_session_actor::stateful_broker_base<link_session_state>>*;

/// One connection to another bus: carries what is said on a link over a socket, with TLS or without.
///
/// Invariant: `tls` is set iff the transport is TLS; nothing is read or written as frames before it is established.
struct link_session_state : link_talk<link_session_pointer> {
  static inline const char* name = "link-session";

  using pointer = link_session_pointer;

  void start(pointer own, const std::shared_ptr<const link_connection>& x, caf::io::connection_handle on);

  // from the multiplexer
  void on_data(const caf::io::new_data_msg& x);
  void on_transferred(const caf::io::data_transferred_msg& x);

  void on_link_tick();

  // what the talk needs
  void write_bytes(std::string_view bytes) override;
  void say_bye(const std::string& why) override;
  void cut(bool stays) override;
  bool has_room_for_answer(size_t bytes) override;
  void on_established() override;
  std::string explained(const std::string& why) const override;
  void schedule_tick() override;

  void on_secured();
  void flush(std::string_view bytes);
  void refuse_tls(const std::string& why);

  std::shared_ptr<const link_connection> connection;
  caf::io::connection_handle handle;
  std::optional<tls_channel> tls;
  std::string plain; // of the bytes at hand

  size_t pending = 0;         // bytes that the kernel has not taken
  size_t pending_answers = 0; // of frames that the peer can bring about at will, since it last had everything
};

/// For a connection that the broker of this session has accepted.
link_session_actor::behavior_type accepted_link(link_session_state::pointer self, caf::io::connection_handle handle,
                                                const std::shared_ptr<const link_connection>& connection);

/// For one that a connector has made.
link_session_actor::behavior_type called_link(link_session_state::pointer self, caf::io::scribe_ptr scribe,
                                              const std::shared_ptr<const link_connection>& connection);

} // namespace cafbus
