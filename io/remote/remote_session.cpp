// A dead peer is noticed here, by the pings of a link, and not by CAF: its heartbeats (`middleman.heartbeat-interval`)
// are sent, but nobody looks whether they come. So both ends give a link up after the same silence as over a socket.
//
// What is sent waits in the buffer of CAF's connection, which has no bound of its own; the window of a link is the
// bound. A peer that asks without reading the answers is not noticed, as it is over a socket: CAF does not say how much
// waits. That is one of the reasons why nodes of CAF have to trust one another.

#include "io/remote/remote_session.hpp"

#include <caf/send.hpp>

namespace cafbus {

namespace {

struct remote_session_state : link_talk<remote_session_actor::pointer> {
  static inline const char* name = "remote-session";

  void start(remote_session_actor::pointer own, const remote_session_options& x) {
    far = x.far;
    meets_gate = x.terms->side == link_side::caller;
    begin(own, x.terms);
    peer.rights = x.rights;
    phase = link_phase::greeting;
    self->set_down_handler([this](const caf::down_msg& y) { on_remote_down(y); });
    self->monitor(far);
    if (meets_gate)
      write_bytes(encode_link(link_greeting{}));
  }

  void on_remote_down(const caf::down_msg& x) {
    if (x.source == far->address())
      end("the connection is gone");
    else
      on_down(x);
  }

  /// The gate's node answers by a session of its own.
  void on_remote_bytes(const remote_bytes& x) {
    const auto& from = self->current_sender();
    if (phase == link_phase::ended || !from)
      return;
    if (meets_gate && from != far && from->node() == far->node()) {
      self->demonitor(far->address());
      far = from;
      self->monitor(far);
      meets_gate = false;
    }
    if (from != far)
      return; // of nobody who belongs here
    last_heard = self->clock().now();
    on_bytes(x.bytes);
  }

  // -- what the talk needs -------------------------------------------------------------------------------------------

  void write_bytes(std::string_view bytes) override {
    self->send(caf::actor_cast<remote_gate_actor>(far), remote_bytes{std::string{bytes}});
  }

  void say_bye(const std::string& why) override {
    if (reader->protocol() != 0)
      write_bytes(encode_link(link_bye{why}));
  }

  void cut(bool) override {}

  caf::strong_actor_ptr far;
  bool meets_gate = false; // the other node's session has not answered
};

remote_session_actor::behavior_type remote_session(remote_session_actor::stateful_pointer<remote_session_state> self,
                                                   const remote_session_options& options) {
  auto& state = self->state;
  state.start(self, options);
  return {
      [&state](const node_hello& x) { return state.on_hello(x); },
      [&state](node_interest& x) { return state.on_interest(x); },
      [&state](node_events& x) { return state.on_events(x); },
      [&state](const remote_bytes& x) { state.on_remote_bytes(x); },
      [&state](const await_greeting&) { return state.on_await_greeting(); },
      [&state](const link_overdue&) { state.on_overdue(); },
      [&state](const link_tick&) { state.on_tick(); },
  };
}

} // namespace

remote_session_actor spawn_remote_session(caf::actor_system& system, remote_session_options options) {
  return system.spawn(remote_session, std::move(options));
}

} // namespace cafbus
