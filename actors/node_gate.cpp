#include "actors/node_gate.hpp"

#include "actors/node_export.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

/// Invariant: every export that is held is monitored.
struct node_gate_state {
  static inline const char* name = "node-gate";

  explicit node_gate_state(node_gate_actor::pointer self) : self{self} {}
  node_gate_state(const node_gate_state&) = delete;
  node_gate_state& operator=(const node_gate_state&) = delete;

  ~node_gate_state() {
    for (const auto& [node, x] : exports)
      caf::anon_send_exit(x.exporter, caf::exit_reason::user_shutdown);
  }

  node_welcome on_hello(const node_hello& x) {
    node_welcome answer;
    answer.node = parts.node;
    answer.refused = complaint(x);
    if (!answer.refused.empty()) {
      if (auto times = refusals.allow(self->clock().now()))
        log::link().warn("node-refused peer={} certificate={} reason={} times={}", log::quoted(x.name),
                         log::quoted(x.peer.certificate), log::quoted(answer.refused), *times);
      return answer;
    }
    if (auto old = exports.find(x.node); old != exports.end())
      caf::anon_send_exit(old->second.exporter, caf::exit_reason::user_shutdown);
    auto spawned = spawn_node_export(self->system(), {parts, write_timeout, x});
    self->monitor(spawned);
    exports.insert_or_assign(x.node, entry{spawned, x.peer.certificate});
    answer.exporter = spawned;
    return answer;
  }

  std::string complaint(const node_hello& x) const {
    if (x.node == parts.node)
      return "it is this bus itself";
    if (x.node == 0 || !x.importer || x.name.size() > defaults::max_name_bytes)
      return "its introduction is not complete";
    if (exports.size() >= defaults::max_node_links && !exports.contains(x.node))
      return "there are " + std::to_string(exports.size()) + " links already, the most that are served";
    if (auto i = exports.find(x.node); i != exports.end() && i->second.certificate != x.peer.certificate)
      return "the bus of that number has another certificate";
    return {};
  }

  void on_down(const caf::down_msg& x) {
    if (x.source == parts.bus.address())
      self->quit(caf::exit_reason::user_shutdown);
    std::erase_if(exports, [&](const auto& y) { return y.second.exporter.address() == x.source; });
  }

  struct entry {
    node_export_actor exporter;
    std::string certificate; // whoever comes as the same bus must have the same
  };

  node_gate_actor::pointer self;
  bus_parts parts;
  std::chrono::nanoseconds write_timeout{0};
  log::limit refusals;
  std::map<uint64_t, entry> exports; // by the node at the other end
};

node_gate_actor::behavior_type node_gate(node_gate_actor::stateful_pointer<node_gate_state> self,
                                         const bus_parts& parts, std::chrono::nanoseconds write_timeout) {
  auto& state = self->state;
  state.parts = parts;
  state.write_timeout = write_timeout;
  self->monitor(parts.bus);
  self->send(parts.hub, number_events{});
  self->set_down_handler([&state](const caf::down_msg& x) { state.on_down(x); });
  self->set_error_handler([](caf::error&) {}); // nobody's failure is the gate's
  return {[&state](const node_hello& x) { return state.on_hello(x); }};
}

} // namespace

node_gate_actor spawn_node_gate(caf::actor_system& system, const bus_parts& parts, const bus_options& options) {
  return system.spawn(node_gate, parts, options.write_timeout);
}

} // namespace cafbus
