#include "io/remote/remote_connector.hpp"

#include "io/remote/remote_session.hpp"

#include <caf/send.hpp>
#include <set>

namespace cafbus {

namespace {

/// INTERNAL timer; stale unless the attempt is the current one.
struct connect_overdue {
  uint64_t attempt = 0;
};

} // namespace

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::connect_overdue)

namespace cafbus {

namespace {

using connector_actor = node_connector_actor::extend<caf::reacts_to<connect_overdue>>;

/// Invariant: `waiting` is pending iff the import waits for a gate; `asking` iff the manager has not answered.
struct remote_connector_state {
  static inline const char* name = "remote-connector";

  explicit remote_connector_state(connector_actor::pointer self) : self{self} {}

  caf::result<node_gate_actor> on_connect() {
    waiting = self->make_response_promise<node_gate_actor>();
    auto promise = waiting;
    self->delayed_send(self, defaults::node_connect_timeout, connect_overdue{++attempt});
    if (!asking)
      ask_manager();
    return promise;
  }

  void ask_manager() {
    asking = true;
    self->request(options.manager, caf::infinite, caf::connect_atom::value, options.host, options.port)
        .then(
            [this](const caf::node_id&, const caf::strong_actor_ptr& gate, const std::set<std::string>& interface) {
              asking = false;
              on_node(gate, interface);
            },
            [this](const caf::error& e) {
              asking = false;
              fail(self->system().render(e));
            });
  }

  void on_node(const caf::strong_actor_ptr& gate, const std::set<std::string>& interface) {
    if (!waiting.pending())
      return; // it was too late; the next attempt gets it at once
    const auto expected = self->system().message_types(remote_gate_actor{});
    if (!gate || !self->system().assignable(interface, expected))
      return fail("no bus is published there");
    link_talk_terms terms;
    terms.side = link_side::caller;
    terms.transport = link_transport::caf;
    terms.where = options.host + ':' + std::to_string(options.port);
    terms.connector = self->address();
    terms.logs = logs;
    auto session = spawn_remote_session(self->system(), {std::make_shared<const link_talk_terms>(terms), gate});
    self->request(session, caf::infinite, await_greeting{}) // which ends by itself if it takes too long
        .then([this](const node_gate_actor& x) { waiting.deliver(x); },
              [this](caf::error& e) { waiting.deliver(std::move(e)); });
  }

  void on_overdue(const connect_overdue& x) {
    if (x.attempt == attempt && asking)
      fail("no CAF node answers there");
  }

  void fail(const std::string& why) {
    if (waiting.pending())
      waiting.deliver(link_ended(why));
  }

  connector_actor::pointer self;
  remote_connector_options options;
  std::shared_ptr<link_logs> logs = std::make_shared<link_logs>();
  caf::typed_response_promise<node_gate_actor> waiting;
  uint64_t attempt = 0;
  bool asking = false;
};

connector_actor::behavior_type remote_connector(connector_actor::stateful_pointer<remote_connector_state> self,
                                                const remote_connector_options& options) {
  auto& state = self->state;
  state.options = options;
  self->set_error_handler([](caf::error&) {}); // requests have their own
  return {
      [&state](const connect_node&) { return state.on_connect(); },
      [&state](const connect_overdue& x) { state.on_overdue(x); },
  };
}

} // namespace

node_connector_actor spawn_remote_connector(caf::actor_system& system, remote_connector_options options) {
  return system.spawn(remote_connector, std::move(options));
}

} // namespace cafbus
