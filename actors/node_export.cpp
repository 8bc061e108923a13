#include "actors/node_export.hpp"

#include "actors/interest_builder.hpp"
#include "config/log.hpp"
#include "messages/node_events.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

/// INTERNAL timer: has the other bus taken anything lately?
struct export_stall_check {};

} // namespace

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::export_stall_check)

namespace cafbus {

namespace {

using exporting_actor = subscriber_actor::extend_with<node_export_actor>::extend_with<node_link_actor>::extend<
    caf::reacts_to<export_stall_check>>;

/// Bytes on their way at a time, unless a single message is larger.
constexpr size_t window_bytes = link_window * defaults::delivery_bytes;

/// Invariant: `conn` is set iff this is a subscriber of its bus; `credit` is pending iff the window is full and the
/// conn waits for that; a timer runs while `in_flight` is not 0.
struct node_export_state {
  static inline const char* name = "node-export";

  explicit node_export_state(exporting_actor::pointer self) : self{self} {}

  void start() {
    self->monitor(options.hello.importer);
    self->set_down_handler([this](const caf::down_msg& x) { end(why_ended(x.reason, "the other bus is gone")); });
    self->set_exit_handler([this](const caf::exit_msg&) { end("ended by this bus"); });
    self->set_error_handler([](caf::error&) {}); // requests have their own
    self->send(options.parts.hub, attach_link{self});
    log::link().info("node-joined peer={} node={} transport={} certificate={}", log::quoted(options.hello.name),
                     node_text(options.hello.node), to_string(options.hello.peer.transport),
                     log::quoted(options.hello.peer.certificate));
  }

  // -- what is wanted ------------------------------------------------------------------------------------------------

  caf::result<node_interest_taken> on_interest(node_interest& x) {
    x = narrowed(std::move(x), options.hello.peer.rights.read);
    types = x.types.size();
    if (conn && x.types.empty())
      leave_bus();
    else if (conn)
      self->send(options.parts.hub, subscribe{conn, info(x), via(x)});
    else if (!x.types.empty())
      return join_bus(x);
    return node_interest_taken{};
  }

  consumer_info info(const node_interest& x) const {
    auto id = "node:" + options.hello.name;
    consumer_info result{0, id, id, {}, {}};
    for (size_t i = 0; i < x.types.size(); ++i)
      (is_pattern(x, i) ? result.patterns : result.event_types).push_back(x.types[i]);
    return result;
  }

  /// The paths in the order of `info`: those of types first.
  static std::vector<node_path> via(const node_interest& x) {
    std::vector<node_path> result;
    for (auto patterns : {false, true})
      for (size_t i = 0; i < x.types.size(); ++i)
        if (is_pattern(x, i) == patterns)
          result.push_back(x.via[i]);
    return result;
  }

  caf::result<node_interest_taken> join_bus(const node_interest& x) {
    auto promise = self->make_response_promise<node_interest_taken>();
    self->request(options.parts.bus, caf::infinite, join{self, info(x), {}, via(x)})
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
    credit = {};
    self->send(options.parts.hub, unsubscribe{conn});
    self->send_exit(conn, caf::exit_reason::user_shutdown);
    conn = nullptr;
  }

  // -- events --------------------------------------------------------------------------------------------------------

  caf::result<delivered> on_delivery(const delivery& x) {
    for (const auto& range : x.events) {
      counted.dropped += range.seq - expected_seq;
      expected_seq = range.seq + range.size();
      counted.received = expected_seq - 1;
    }
    auto message = encode_events(x.events, options.parts.node, options.hello.node, dropped + counted.dropped);
    if (!message)
      return delivered{};
    send(std::move(*message));
    if (has_room())
      return delivered{};
    credit = self->make_response_promise<delivered>();
    return credit;
  }

  void send(node_events x) {
    const auto size = x.body.size();
    if (in_flight == 0)
      last_taken = self->clock().now();
    ++in_flight;
    bytes_in_flight += size;
    self->request(options.hello.importer, caf::infinite, std::move(x))
        .then([this, size](const node_events_taken&) { on_taken(size); },
              [this](const caf::error&) { end("the other bus is gone"); });
    watch_for_stall();
  }

  void on_taken(size_t size) {
    --in_flight;
    bytes_in_flight -= size;
    last_taken = self->clock().now();
    if (has_room() && credit.pending())
      credit.deliver(delivered{});
  }

  bool has_room() const { return in_flight < link_window && bytes_in_flight < window_bytes; }

  void watch_for_stall() {
    if (watching)
      return;
    watching = true;
    self->delayed_send(self, last_taken + options.write_timeout - self->clock().now(), export_stall_check{});
  }

  void on_stall_check() {
    watching = false;
    if (in_flight == 0)
      return;
    if (self->clock().now() - last_taken >= options.write_timeout)
      end("it has taken nothing for too long");
    else
      watch_for_stall();
  }

  // -- status --------------------------------------------------------------------------------------------------------

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
    result.peer = described(options.hello.name, options.hello.peer);
    result.direction = link_direction::out;
    result.state = source_state::connected;
    result.node = node_text(options.hello.node);
    result.types = types;
    result.received = received + counted.received;
    result.dropped = dropped + counted.dropped;
    return result;
  }

  void end(const std::string& why) {
    if (ended)
      return;
    ended = true;
    log::link().info("node-left peer={} reason={} received={} dropped={} untaken={}", log::quoted(options.hello.name),
                     log::quoted(why), received + counted.received, dropped + counted.dropped, in_flight);
    self->quit(caf::exit_reason::user_shutdown);
  }

  exporting_actor::pointer self;
  node_export_options options;
  conn_actor conn;
  size_t types = 0;
  bool ended = false;

  caf::typed_response_promise<delivered> credit;
  uint32_t in_flight = 0; // messages that the other bus has not taken yet
  size_t bytes_in_flight = 0;
  bool watching = false; // a timer runs
  caf::actor_clock::time_point last_taken{};

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
      [&state](node_interest& x) { return state.on_interest(x); },
      [](const interest_changed&) {}, // of this bus: the importing end's business
      [&state](const read_link&) { return state.on_read_link(); },
      [&state](const export_stall_check&) { state.on_stall_check(); },
  };
}

} // namespace

node_export_actor spawn_node_export(caf::actor_system& system, node_export_options options) {
  return system.spawn(node_export, options);
}

} // namespace cafbus
