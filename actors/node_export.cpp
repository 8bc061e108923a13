#include "actors/node_export.hpp"

#include "actors/interest_builder.hpp"
#include "config/log.hpp"
#include "messages/node_events.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <deque>
#include <optional>
#include <span>
#include <spdlog/logger.h>
#include <utility>

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

/// How far the other bus knows how far the streams are, beyond what the events themselves say.
enum class accounting : uint8_t {
  settled, ///< What it gets next says all.
  asking,  ///< The hub, or the conn, has not answered.
  waiting, ///< For the events that come before that.
};

/// What the conn has sent before the bus has said which one it is.
struct early_delivery {
  caf::strong_actor_ptr from;
  delivery what;
};

/// Invariant: `conn` is set iff this is a subscriber of its bus; `credit` is pending iff the conn waits for room, or
/// for the bus while `joining`; something waits in `outbox` only while the window is full; a timer runs while
/// `in_flight` is not 0.
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
    if (interest.pending())
      return caf::sec::unexpected_message;
    x = narrowed(std::move(x), options.hello.peer.rights.read);
    types = x.types.size();
    ++interests;
    interest = self->make_response_promise<node_interest_taken>();
    auto promise = interest;
    if (!conn && !x.types.empty())
      join_bus(x);
    else if (conn && !x.types.empty())
      change_wish(x);
    else {
      if (conn)
        leave_bus();
      answer_interest({});
    }
    return promise;
  }

  void change_wish(const node_interest& x) {
    self->request(options.parts.hub, caf::infinite, subscribe{conn, info(x), via(x)})
        .then([this](const stream_list& y) { answer_interest(y); },
              [this](const caf::error&) { end("this bus is stopping"); });
  }

  /// Before any event that the interest brings: from there on the other bus counts. It asks again only once it has all.
  void answer_interest(const stream_list& x) {
    if (tells_streams())
      for (auto& message : encode_streams(x.streams, ends(), dropped + counted.dropped, interests))
        send(std::move(message));
    is_answered = true;
    give_credit();
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

  void join_bus(const node_interest& x) {
    joining = true;
    self->request(options.parts.bus, caf::infinite, join{self, info(x), {}, via(x)})
        .then([this](const joined& y) { on_joined(y); }, [this](const caf::error&) { end("this bus is stopping"); });
  }

  void on_joined(const joined& x) {
    joining = false;
    conn = x.conn;
    if (!conn)
      return end("this bus is stopping");
    answer_interest(x.streams);
    if (auto first = std::exchange(early, std::nullopt); first && first->from == conn)
      take(first->what);
    give_credit();
  }

  void leave_bus() {
    received += counted.received;
    dropped += counted.dropped;
    counted = {};
    expected_seq = 1;
    credit = {};
    early.reset();
    stage = accounting::settled;
    self->send(options.parts.hub, unsubscribe{conn});
    self->send_exit(conn, caf::exit_reason::user_shutdown);
    conn = nullptr;
  }

  // -- events --------------------------------------------------------------------------------------------------------

  caf::result<delivered> on_delivery(const delivery& x) {
    const auto from = self->current_sender(); // which the promise takes away
    if (!joining && !(conn && from == conn))
      return delivered{}; // of a conn that has been left
    credit = self->make_response_promise<delivered>();
    auto promise = credit;
    if (joining)
      early = {from, x};
    else
      take(x);
    return promise;
  }

  /// What lies before and behind a hole goes in messages of their own: then the hole has its place among the events.
  void take(const delivery& x) {
    auto dropped_before = counted.dropped;
    std::span<const event_range> rest{x.events};
    while (!rest.empty()) {
      counted.dropped += rest.front().seq - expected_seq;
      size_t n = 0;
      do {
        expected_seq = rest[n].seq + rest[n].size();
        ++n;
      } while (n < rest.size() && rest[n].seq == expected_seq);
      if (auto message = encode_events(rest.first(n), ends(), dropped + counted.dropped))
        send(std::move(*message));
      rest = rest.subspan(n);
    }
    counted.received = expected_seq - 1;
    if (counted.dropped != dropped_before)
      account();
    tell_streams();
    give_credit();
  }

  // -- how far the streams are ---------------------------------------------------------------------------------------

  link_ends ends() const { return {options.parts.node, options.hello.node, options.hello.protocol}; }

  bool tells_streams() const { return options.hello.protocol >= first_protocol_with_streams; }

  /// Something was lost, here or before: the other bus is to know, even if no event of that type follows.
  void account() {
    if (!conn || !tells_streams())
      return;
    if (stage != accounting::settled) {
      is_outdated = true;
      return;
    }
    stage = accounting::asking;
    is_outdated = false;
    auto on_failure = [this](const caf::error&) { stage = accounting::settled; }; // the conn or the bus ends
    self->request(options.parts.hub, caf::infinite, read_streams{conn.id()})
        .then(
            [this, of = conn, on_failure](const stream_list& x) {
              if (of != conn)
                return;
              // what the hub has counted is in the conn's queue, at the latest
              self->request(conn, caf::infinite, read_conn_counters{})
                  .then(
                      [this, of, x](const conn_counters& y) {
                        if (of != conn)
                          return;
                        streams = x;
                        told_after = y.received;
                        stage = accounting::waiting;
                        tell_streams();
                      },
                      on_failure);
            },
            on_failure);
  }

  void tell_streams() {
    if (stage != accounting::waiting || expected_seq <= told_after)
      return;
    stage = accounting::settled;
    for (auto& message :
         encode_streams(std::exchange(streams, {}).streams, ends(), dropped + counted.dropped, interests))
      send(std::move(message));
    if (is_outdated)
      account();
  }

  void send(node_events x) {
    outbox.push_back(std::move(x));
    empty_outbox();
  }

  void empty_outbox() {
    for (; !outbox.empty() && window_is_open(); outbox.pop_front())
      transmit(std::move(outbox.front()));
  }

  void transmit(node_events x) {
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
    empty_outbox();
    give_credit();
  }

  void give_credit() {
    if (!window_is_open())
      return;
    if (std::exchange(is_answered, false))
      interest.deliver(node_interest_taken{});
    if (credit.pending() && !early)
      credit.deliver(delivered{});
  }

  bool window_is_open() const { return in_flight < link_window && bytes_in_flight < window_bytes; }

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

  uint32_t interests = 0; // taken over this connection

  accounting stage = accounting::settled;
  bool is_outdated = false; // something was lost since the hub was asked
  stream_list streams;      // to be told
  uint64_t told_after = 0;  // the event of that sequence number

  caf::typed_response_promise<delivered> credit;
  caf::typed_response_promise<node_interest_taken> interest;
  bool is_answered = false; // the interest, but for what waits in `outbox`
  bool joining = false;
  std::optional<early_delivery> early;
  std::deque<node_events> outbox;
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
      [&state](const streams_moved&) { state.account(); },
      [&state](const read_link&) { return state.on_read_link(); },
      [&state](const export_stall_check&) { state.on_stall_check(); },
  };
}

} // namespace

node_export_actor spawn_node_export(caf::actor_system& system, node_export_options options) {
  return system.spawn(node_export, options);
}

} // namespace cafbus
