#include "actors/node_gate.hpp"
#include "config/log.hpp"
#include "io/remote/remote_bus.hpp"
#include "io/remote/remote_session.hpp"

#include <caf/send.hpp>
#include <set>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

/// Sessions at once: a link each, and as many on their way in. A node that has lost its connection comes again while
/// its old session has not noticed.
constexpr size_t most_sessions = 2 * defaults::max_node_links;

/// Invariant: `sessions` are those that have not ended, each monitored.
struct remote_gate_state {
  static inline const char* name = "remote-gate";

  explicit remote_gate_state(remote_gate_actor::pointer self) : self{self} {}
  remote_gate_state(const remote_gate_state&) = delete;
  remote_gate_state& operator=(const remote_gate_state&) = delete;

  ~remote_gate_state() {
    for (const auto& x : sessions)
      caf::anon_send_exit(caf::actor_cast<caf::actor>(x), caf::exit_reason::user_shutdown);
  }

  /// Nothing that the caller says of itself counts for what it may do.
  caf::result<void> on_call(remote_bytes& x) {
    const auto caller = self->current_sender();
    if (!caller)
      return caf::unit;
    if (sessions.size() >= most_sessions) {
      if (auto times = full_log.pass(self->clock().now()))
        log::link().warn("node-refused peer={} reason={} times={}", log::quoted(to_string(caller->node())),
                         log::quoted("there are too many sessions"), *times);
      return caf::unit; // the caller gives up by itself
    }
    link_talk_terms terms;
    terms.side = link_side::answerer;
    terms.transport = link_transport::caf;
    terms.where = "CAF node " + to_string(caller->node());
    terms.gate = gate;
    terms.logs = logs;
    auto session =
        spawn_remote_session(self->system(), {std::make_shared<const link_talk_terms>(terms), caller, rights});
    self->monitor(session);
    sessions.insert(session.address());
    return self->delegate(session, std::move(x));
  }

  void on_down(const caf::down_msg& x) {
    if (x.source == bus.address())
      self->quit(caf::exit_reason::user_shutdown);
    sessions.erase(x.source);
  }

  remote_gate_actor::pointer self;
  bus_actor bus;
  node_gate_actor gate;
  link_rights rights;
  std::shared_ptr<link_logs> logs = std::make_shared<link_logs>();
  log::limit full_log;
  std::set<caf::actor_addr> sessions;
};

remote_gate_actor::behavior_type remote_gate(remote_gate_actor::stateful_pointer<remote_gate_state> self,
                                             const bus_actor& bus, const node_gate_actor& gate,
                                             const link_rights& rights) {
  auto& state = self->state;
  state.bus = bus;
  state.gate = gate;
  state.rights = rights;
  self->monitor(bus);
  self->set_down_handler([&state](const caf::down_msg& x) { state.on_down(x); });
  self->set_error_handler([](caf::error&) {}); // nobody's failure is the gate's
  return {[&state](remote_bytes& x) { return state.on_call(x); }};
}

} // namespace

remote_gate_actor spawn_remote_gate(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                                    const link_rights& rights) {
  return system.spawn(remote_gate, parts.bus, spawn_node_gate(system, parts, options), rights);
}

} // namespace cafbus
