#pragma once
#include "actors/bus_state.hpp"
#include "io/sockets/socket_broker.hpp"
#include "messages/frame_codec.hpp"
#include "support/fixtures.hpp"
#include "testing/laws.hpp"
#include "testing/scripted_calls.hpp"

#include <caf/send.hpp>
#include <random>

#include <caf/test/dsl.hpp>
#include <caf/test/io_dsl.hpp>

namespace cafbus {

/// A whole bus with its socket broker, sessions and conns on CAF's test multiplexer and deterministic scheduler: no
/// thread, no socket, no clock.
struct socket_fixture : test_node_fixture<> {
  using handle = caf::io::connection_handle;

  static bus_options quick_options() {
    bus_options result;
    result.queue_capacity = 10;
    result.idle_timeout = std::chrono::seconds{0};
    return result;
  }

  /// @param hooks Runs the commands of consumers; null: really.
  /// @param sockets Outlives the fixture; null: `own_calls`.
  explicit socket_fixture(bus_options x = quick_options(), const hook_launcher& hooks = nullptr,
                          scripted_calls* sockets = nullptr)
    : options{std::move(x)}, calls{sockets ? *sockets : own_calls}, parts{spawn_bus(sys, options, hooks)} {
    broker = mm.spawn_broker(socket_broker, mpx.new_doorman(acceptor, uint16_t{1}), parts, options, &calls,
                             own_file{options.socket});
    caf::anon_send(parts.bus, attach_listener{broker});
    settle();
  }

  ~socket_fixture() override {
    if (alive(parts.bus)) {
      check_laws();
      caf::anon_send(parts.bus, stop_bus{"test ends", true});
    }
    pass(std::chrono::seconds{10});
    CAF_CHECK(!alive(parts.bus));
    CAF_CHECK(!alive(broker));
  }

  /// Runs everything that can run, without letting time pass.
  void settle() {
    do {
      while (sched.try_run_once() || mpx.try_exec_runnable()) {
      }
    } while (notify_all());
  }

  void pass(caf::timespan time) {
    settle();
    advance_time(time);
    settle();
  }

  handle connect() {
    auto result = handle::from_int(++last_handle);
    mpx.add_pending_connect(acceptor, result);
    CAF_REQUIRE(mpx.try_accept_connection());
    settle();
    return result;
  }

  void send(handle to, std::string_view text) {
    socket_of(to).sent += text;
    while (notify(to)) {
    }
  }

  /// Tells the session that its socket is readable, if it is. @returns whether it has read something.
  bool notify(handle x) {
    const auto before = socket_of(x).sent.size();
    if (before == 0)
      return false;
    if (mpx.virtual_network_buffer(x).empty())
      mpx.virtual_send(x, {' '});
    else
      mpx.read_data(x);
    return socket_of(x).sent.size() < before;
  }

  bool notify_all() {
    bool result = false;
    for (auto& [fd, x] : calls.sockets)
      if (auto socket = handle::from_int(fd); !x.sent.empty() && mpx.impl_ptr(socket))
        result = notify(socket) || result;
    return result;
  }

  /// Sends and settles; returns what has come back since the last call.
  std::string talk(handle to, std::string_view text) {
    send(to, text);
    settle();
    return take(to);
  }

  /// What has come out of the socket since the last call.
  std::string take(handle from) { return std::exchange(socket_of(from).received, {}); }

  /// The peer hangs up.
  void hang_up(handle x) {
    if (auto scribe = mpx.impl_ptr(x))
      scribe->io_failure(&mpx, caf::io::network::operation::read);
    settle();
  }

  /// The peer reads what CAF has in its write buffer, all of it.
  void read_rest(handle x) {
    auto& buffer = mpx.output_buffer(x);
    auto n = buffer.size();
    socket_of(x).received.append(buffer.begin(), buffer.end());
    buffer.clear();
    if (auto scribe = mpx.impl_ptr(x))
      scribe->data_transferred(&mpx, n, 0);
    settle();
  }

  scripted_calls::socket& socket_of(handle x) { return calls.sockets[static_cast<int>(x.id())]; }

  std::string say_hello(handle to, const std::string& key, const std::string& more = {}) {
    return talk(to, hello_line(key, more));
  }
  static std::string hello_line(const std::string& key, const std::string& more = {}) {
    return R"({"type":"hello","pid":1,"event_key":")" + key + R"(","event_types":[],"version":"v1")" + more + "}\n";
  }
  static std::string publish_line_of(const std::string& type, const std::string& payload = "{}") {
    return R"({"type":"publish","event_type":")" + type + R"(","payload":)" + payload + "}\n";
  }

  status_response read_status_now() {
    status_response result;
    caf::scoped_actor asker{sys};
    auto request = asker->request(parts.bus, caf::infinite, read_status{});
    settle();
    request.receive([&](status_response& x) { result = std::move(x); },
                    [&](const caf::error& e) { CAF_FAIL("no status: " << sys.render(e)); });
    return result;
  }

  bus_load load_now() { return read_status_now().limits->load; }

  void check_laws() {
    auto x = read_status_now();
    CAF_CHECK_EQUAL(laws::conservation(x.counters, x.consumers), "");
    for (const auto& y : x.consumers)
      CAF_CHECK_EQUAL(
          laws::bounds({y.received, y.dropped, y.delivered, y.queued, y.queued_bytes}, options.queue_capacity, 10'000),
          "");
  }

  bus_options options;
  scripted_calls own_calls;
  scripted_calls& calls;
  bus_parts parts;
  socket_broker_actor broker;
  caf::io::accept_handle acceptor = caf::io::accept_handle::from_int(1);
  int64_t last_handle = 100;
};

inline const std::string first_ack =
    R"({"type":"hello_ack","bus_version":"v1","first_for_key":true,)"
    R"("capabilities":["canonical_metadata_v1","cursor","exclusive","filter","gap","group","hooks","patterns","payload_last","policy","publish_counts","stats"]})"
    "\n";
inline const std::string second_ack =
    R"({"type":"hello_ack","bus_version":"v1","first_for_key":false,)"
    R"("capabilities":["canonical_metadata_v1","cursor","exclusive","filter","gap","group","hooks","patterns","payload_last","policy","publish_counts","stats"]})"
    "\n";

} // namespace cafbus
