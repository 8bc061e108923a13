#include "actors/node_export.hpp"

#include "config/log.hpp"
#include "messages/node_events.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

using exporting_actor = subscriber_actor::extend_with<node_export_actor>::extend_with<node_link_actor>;

/// Invariant: `conn` is set iff this is a subscriber of its bus.
struct node_export_state {
  static inline const char* name = "node-export";

  explicit node_export_state(exporting_actor::pointer self) : self{self} {}

  void start() {
    self->monitor(options.peer.importer);
    self->set_down_handler([this](const caf::down_msg&) { end("the other bus is gone"); });
    self->set_exit_handler([this](const caf::exit_msg&) { end("ended by this bus"); });
    self->set_error_handler([](caf::error&) {}); // requests have their own
    self->send(options.parts.hub, attach_link{self});
    log::link().info("node-joined peer={} node={}", log::quoted(options.peer.name), node_text(options.peer.node));
  }

  caf::result<node_interest_taken> on_interest(const node_interest& x) {
    if (!is_sound(x)) {
      end("its interest makes no sense");
      return caf::sec::invalid_argument;
    }
    types = x.types.size();
    if (conn && x.types.empty())
      leave_bus();
    else if (conn)
      self->send(options.parts.hub, subscribe{conn, info(x), x.via});
    else if (!x.types.empty())
      return join_bus(x);
    return node_interest_taken{};
  }

  static bool is_sound(const node_interest& x) {
    return x.types.size() == x.via.size() && x.types.size() <= defaults::max_node_types &&
           std::all_of(x.types.begin(), x.types.end(),
                       [](const auto& y) { return !y.empty() && y.size() <= defaults::max_name_bytes; }) &&
           std::all_of(x.via.begin(), x.via.end(),
                       [](const auto& y) { return !y.empty() && y.size() <= defaults::max_node_hops; });
  }

  consumer_info info(const node_interest& x) const {
    auto id = "node:" + options.peer.name;
    return {0, id, id, x.types};
  }

  caf::result<node_interest_taken> join_bus(const node_interest& x) {
    auto promise = self->make_response_promise<node_interest_taken>();
    self->request(options.parts.bus, caf::infinite, join{self, info(x), {}, x.via})
        .then(
            [this, promise](const joined& y) mutable {
              conn = y.conn;
              if (conn)
                promise.deliver(node_interest_taken{});
              else
                end("this bus is stopping");
            },
            [this](const caf::error&) { end("this bus is stopping"); });
    return promise;
  }

  void leave_bus() {
    received += counted.received;
    dropped += counted.dropped;
    counted = {};
    expected_seq = 1;
    self->send(options.parts.hub, unsubscribe{conn});
    self->send_exit(conn, caf::exit_reason::user_shutdown);
    conn = nullptr;
  }

  caf::result<delivered> on_delivery(const delivery& x) {
    for (const auto& range : x.events) {
      counted.dropped += range.seq - expected_seq;
      expected_seq = range.seq + range.size();
      counted.received = expected_seq - 1;
    }
    auto message = to_message(x.events, options.parts.node, options.peer.node);
    if (!message)
      return delivered{};
    message->dropped = dropped + counted.dropped;
    auto promise = self->make_response_promise<delivered>();
    self->request(options.peer.importer, options.write_timeout, std::move(*message))
        .then([promise](const node_events_taken&) mutable { promise.deliver(delivered{}); },
              [this](const caf::error&) { end("it has taken nothing for too long"); });
    return promise;
  }

  caf::result<link_report> on_read_link() {
    auto report = base_report();
    if (!conn)
      return report;
    auto promise = self->make_response_promise<link_report>();
    self->request(conn, caf::infinite, read_conn_counters{})
        .then(
            [this, promise, report](const conn_counters& x) mutable {
              report.received = received + x.received;
              report.dropped = dropped + x.dropped;
              report.queued = x.queued;
              promise.deliver(report);
            },
            [promise, report](const caf::error&) mutable { promise.deliver(report); });
    return promise;
  }

  link_report base_report() const {
    link_report result;
    result.peer = options.peer.name;
    result.direction = link_direction::out;
    result.state = source_state::connected;
    result.node = node_text(options.peer.node);
    result.types = types;
    result.received = received + counted.received;
    result.dropped = dropped + counted.dropped;
    return result;
  }

  void end(const char* why) {
    log::link().info("node-left peer={} reason={} received={} dropped={}", log::quoted(options.peer.name),
                     log::quoted(why), received + counted.received, dropped + counted.dropped);
    self->quit(caf::exit_reason::user_shutdown);
  }

  exporting_actor::pointer self;
  node_export_options options;
  conn_actor conn;
  size_t types = 0;
  uint64_t expected_seq = 1;
  conn_counters counted; // of the conn, as far as deliveries have shown
  uint64_t received = 0; // by the conns before it
  uint64_t dropped = 0;
};

exporting_actor::behavior_type node_export(exporting_actor::stateful_pointer<node_export_state> self,
                                           const node_export_options& options) {
  auto& state = self->state;
  state.options = options;
  state.start();
  return {
      [&state](const delivery& x) { return state.on_delivery(x); },
      [&state](const node_interest& x) { return state.on_interest(x); },
      [](const interest_changed&) {}, // of this bus: the importing end's business
      [&state](const read_link&) { return state.on_read_link(); },
  };
}

} // namespace

node_export_actor spawn_node_export(caf::actor_system& system, node_export_options options) {
  return system.spawn(node_export, options);
}

} // namespace cafbus
