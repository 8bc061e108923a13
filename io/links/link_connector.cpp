#include "io/links/link_connector.hpp"

#include "io/links/link_session.hpp"
#include "io/links/tcp_socket.hpp"
#include "io/sockets/socket_scribe.hpp"
#include "io/sockets/unix_socket.hpp"
#include "messages/node_events.hpp"

#include <caf/io/middleman.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <unistd.h>

namespace cafbus {

namespace {

struct link_connector_state {
  static inline const char* name = "link-connector";

  explicit link_connector_state(link_connector_actor::pointer self) : self{self} {}

  caf::result<node_gate_actor> on_connect() {
    auto socket = options.place.is_unix()
                      ? connect_to_path()
                      : connect_tcp(options.place.where, defaults::node_connect_timeout, *options.abandoned);
    if (!socket)
      return refusal(socket.error());
    auto connection = std::make_shared<link_connection>();
    connection->side = link_side::caller;
    connection->transport = transport_for(options.place, *options.terms);
    connection->where = options.place.is_unix() ? options.place.path : address_of_peer(socket->get());
    connection->expected = options.place.name;
    connection->terms = options.terms;
    connection->connector = self->address();
    connection->calls = options.calls;
    connection->logs = logs;
    std::shared_ptr<const link_connection> shared = std::move(connection);
    auto& middleman = self->system().middleman();
    session = middleman.spawn_broker(called_link, make_link_scribe(self->system(), socket->release()), shared);
    return self->delegate(session, await_greeting{});
  }

  /// Whoever listens at that path must be us: another user may have been there first.
  result<unique_fd> connect_to_path() const {
    auto connected = connect_unix(options.place.path, defaults::node_connect_timeout);
    if (!connected)
      return std::move(connected).error();
    const auto peer = peer_credentials(connected->get());
    if (!peer || (peer->uid != ::geteuid() && peer->uid != 0))
      return failure{failure_kind::refused, options.place.path + " belongs to another user"};
    return connected;
  }

  static caf::error refusal(const failure& x) { return link_ended(x.text); }

  void on_change(const change_link_terms& x) {
    const auto others = x.terms->permits != options.terms->permits;
    options.terms = x.terms;
    if (others && session)
      caf::anon_send(session, close_link{"node-allow has changed"});
  }

  link_connector_actor::pointer self;
  link_connector_options options;
  std::shared_ptr<link_logs> logs = std::make_shared<link_logs>();
  link_session_actor session; // the latest; it may have ended
};

link_connector_actor::behavior_type link_connector(link_connector_actor::stateful_pointer<link_connector_state> self,
                                                   const link_connector_options& options) {
  self->state.options = options;
  self->set_error_handler([](caf::error&) {});
  return {
      [self](const connect_node&) { return self->state.on_connect(); },
      [self](const change_link_terms& x) { self->state.on_change(x); },
  };
}

} // namespace

link_connector_actor spawn_link_connector(caf::actor_system& system, link_connector_options options) {
  return system.spawn<caf::detached>(link_connector, std::move(options));
}

} // namespace cafbus
