#include "actors/node_gate.hpp"

#include "actors/node_export.hpp"
#include "config/link_limits.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

using gate_actor = node_gate_actor::extend_with<export_keeper_actor>;

/// Invariant: every export that is held is monitored.
struct node_gate_state {
  static inline const char* name = "node-gate";

  explicit node_gate_state(gate_actor::pointer self) : self{self} {}
  node_gate_state(const node_gate_state&) = delete;
  node_gate_state& operator=(const node_gate_state&) = delete;

  ~node_gate_state() {
    for (const auto& [node, x] : exports)
      end(x);
  }

  struct entry {
    resumable_export_actor exporter;
    uint64_t number = 0;
    link_peer peer; // whoever comes as the same bus must have the same certificate
    uint16_t protocol = 0;
    shared_bytes::sum in_flight;
    uint64_t connections = 1;
    uint64_t waits_since = 0; // in the order in which they began to; 0: it does not
  };

  static void end(const entry& x) { caf::anon_send_exit(x.exporter, caf::exit_reason::user_shutdown); }

  node_welcome on_hello(const node_hello& x) {
    node_welcome answer;
    answer.node = parts.node;
    answer.refused = complaint(x);
    if (!answer.refused.empty()) {
      if (auto times = refusals.pass(self->clock().now()))
        log::link().warn("node-refused peer={} certificate={} reason={} times={}", log::quoted(x.name),
                         log::quoted(x.peer.certificate), log::quoted(answer.refused), *times);
      return answer;
    }
    auto old = exports.find(x.node);
    if (old != exports.end() && may_resume(old->second, x)) {
      auto& held = old->second;
      ++held.connections;
      held.waits_since = 0;
      self->send(held.exporter, resume_export{x});
      answer.exporter = held.exporter;
      answer.held = {held.number, true};
      return answer;
    }
    if (old != exports.end())
      drop(old);
    else if (has_its_share(x.peer))
      drop(longest_waiting(&x.peer));
    else if (exports.size() >= places)
      drop(longest_waiting());
    const auto& made = add(x);
    answer.exporter = made.exporter;
    answer.held = {made.number, false};
    return answer;
  }

  bool may_resume(const entry& held, const node_hello& x) const {
    return held.number != 0 && x.resume.node == parts.node && x.resume.number == held.number &&
           x.protocol == held.protocol && x.peer.transport == held.peer.transport &&
           x.peer.certificate == held.peer.certificate && x.peer.rights == held.peer.rights;
  }

  const entry& add(const node_hello& x) {
    node_export_options how{parts, self, 0, options.write_timeout, options.link_grace, x, sum_of(x.peer)};
    if (is_resumable(how))
      how.number = ++last_number;
    auto spawned = spawn_node_export(self->system(), how);
    self->monitor(spawned);
    entry made{spawned, how.number, x.peer, x.protocol, how.in_flight};
    return exports.insert_or_assign(x.node, std::move(made)).first->second;
  }

  /// Of all links with that certificate; null where there is none, and so nobody to be told apart.
  shared_bytes::sum sum_of(const link_peer& x) const {
    if (x.transport != link_transport::tls)
      return nullptr;
    const auto other = std::ranges::find_if(exports, [&](const auto& y) { return is_same(y.second.peer, x); });
    return other == exports.end() ? std::make_shared<std::atomic<size_t>>() : other->second.in_flight;
  }

  static bool is_same(const link_peer& a, const link_peer& b) {
    return a.transport == b.transport && a.certificate == b.certificate;
  }

  std::string complaint(const node_hello& x) {
    if (x.node == parts.node)
      return "it is this bus itself";
    if (x.node == 0 || !x.importer || x.name.size() > defaults::max_name_bytes)
      return "its introduction is not complete";
    auto old = exports.find(x.node);
    if (old != exports.end())
      return old->second.peer.certificate == x.peer.certificate ? "" : "the bus of that number has another certificate";
    if (has_its_share(x.peer) && longest_waiting(&x.peer) == exports.end())
      return "the last " + std::to_string(share()) + " of " + std::to_string(places) +
             " places are for other certificates; give each bus one of its own";
    if (exports.size() >= places && longest_waiting() == exports.end())
      return "there are " + std::to_string(exports.size()) + " links already, the most that are served";
    return {};
  }

  size_t share() const { return places / defaults::certificate_share; }

  /// A new link would take what is kept for others.
  bool has_its_share(const link_peer& x) const {
    if (x.transport != link_transport::tls || share() == 0 || exports.size() + share() < places)
      return false;
    auto same = [&](const auto& y) { return is_same(y.second.peer, x); };
    return static_cast<size_t>(std::ranges::count_if(exports, same)) >= share();
  }

  using table = std::map<uint64_t, entry>; // by the node at the other end

  /// @param of Only of that one's certificate; null: of all.
  table::iterator longest_waiting(const link_peer* of = nullptr) {
    auto result = exports.end();
    for (auto i = exports.begin(); i != exports.end(); ++i) {
      const auto& x = i->second;
      if (x.waits_since != 0 && (!of || is_same(*of, x.peer)) &&
          (result == exports.end() || x.waits_since < result->second.waits_since))
        result = i;
    }
    return result;
  }

  void drop(table::iterator x) {
    end(x->second);
    exports.erase(x);
  }

  /// Unless it has its connection already: the two words have crossed.
  void on_waits(const export_waits& x) {
    for (auto& [node, held] : exports)
      if (held.number == x.number && held.connections == x.connection)
        held.waits_since = ++last_wait;
  }

  void on_down(const caf::down_msg& x) {
    if (x.source == parts.bus.address())
      self->quit(caf::exit_reason::user_shutdown);
    std::erase_if(exports, [&](const auto& y) { return y.second.exporter.address() == x.source; });
  }

  gate_actor::pointer self;
  bus_parts parts;
  bus_options options;
  size_t places = 0;
  log::limit refusals;
  table exports;
  uint64_t last_number = 0;
  uint64_t last_wait = 0;
};

gate_actor::behavior_type node_gate(gate_actor::stateful_pointer<node_gate_state> self, const bus_parts& parts,
                                    const bus_options& options, size_t places) {
  auto& state = self->state;
  state.parts = parts;
  state.options = options;
  state.places = std::clamp<size_t>(places, 1, defaults::max_node_links);
  self->monitor(parts.bus);
  self->set_down_handler([&state](const caf::down_msg& x) { state.on_down(x); });
  self->set_error_handler([](caf::error&) {}); // nobody's failure is the gate's
  return {
      [&state](const node_hello& x) { return state.on_hello(x); },
      [&state](const export_waits& x) { state.on_waits(x); },
  };
}

} // namespace

node_gate_actor spawn_node_gate(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                                size_t places) {
  caf::anon_send(parts.hub, number_events{}); // here, ahead of whatever is published once this has returned
  return system.spawn(node_gate, parts, options, places);
}

} // namespace cafbus
