#include "actors/node_gate.hpp"

#include "actors/conn.hpp"
#include "support/bus_fixture.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <map>

namespace {

/// Asks an export for events of type t.
struct ask_export {
  cafbus::node_export_actor exporter;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ask_export)

using namespace cafbus;

namespace {

using other_bus = node_import_actor::extend<caf::reacts_to<ask_export>>;

other_bus::behavior_type other(other_bus::pointer self) {
  return {[](const node_events&) { return node_events_taken{}; },
          [self](const ask_export& x) {
            self->request(x.exporter, caf::infinite, node_interest{{"t"}, {{1'000}}, {}})
                .then([](const node_interest_taken&) {}, [](const caf::error&) {});
          }};
}

struct gate_fixture : bus_fixture {
  gate_fixture() { sched.run(); }

  ~gate_fixture() override {
    for (auto& [node, x] : others)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    sched.run();
  }

  node_welcome hello(uint64_t node, const std::string& certificate = {}, uint64_t number = 0) {
    auto importer = sys.spawn(other);
    node_hello x;
    x.node = node;
    x.name = "other";
    x.importer = importer;
    x.peer.certificate = certificate;
    if (!certificate.empty())
      x.peer.transport = link_transport::tls;
    x.resume = {parts.node, number, 1}; // it has been told how far the streams are
    node_welcome result;
    auto request = self->request(gate, caf::infinite, x);
    sched.run();
    request.receive([&](node_welcome& y) { result = std::move(y); },
                    [&](const caf::error& e) { CAF_FAIL(sys.render(e)); });
    if (!result.refused.empty())
      return result;
    others[node] = importer;
    caf::anon_send(importer, ask_export{result.exporter});
    sched.run();
    return result;
  }

  /// The connection of that bus is lost.
  void lose(uint64_t node) {
    caf::anon_send_exit(others[node], caf::exit_reason::kill);
    others.erase(node);
    sched.run();
  }

  std::map<uint64_t, other_bus> others;
  node_gate_actor gate = spawn_node_gate(sys, parts, short_idle());
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(node_gate_tests, gate_fixture)

CAF_TEST(at the limit the link that has waited for longest makes room) {
  std::map<uint64_t, uint64_t> numbers;
  for (uint64_t node = 1; node <= defaults::max_node_links; ++node)
    numbers[node] = hello(node).held.number;
  CAF_CHECK_EQUAL(hello(999).refused, "there are 256 links already, the most that are served");
  lose(7);
  lose(3);
  CAF_CHECK_EQUAL(hello(999).refused, "");
  CAF_CHECK(hello(3, {}, numbers[3]).held.resumed);
  CAF_CHECK_EQUAL(hello(7, {}, numbers[7]).refused, "there are 256 links already, the most that are served");
}

CAF_TEST(another certificate gets nothing of what waits and ends nothing) {
  const auto number = hello(7, "leaf").held.number;
  CAF_CHECK_EQUAL(hello(7, "thief", number).refused, "the bus of that number has another certificate");
  lose(7);
  CAF_CHECK_EQUAL(hello(7, "thief", number).refused, "the bus of that number has another certificate");
  CAF_CHECK(hello(7, "leaf", number).held.resumed);
}

CAF_TEST(the last quarter of all places is for other certificates) {
  constexpr auto kept = defaults::max_node_links / 4;
  constexpr auto most = defaults::max_node_links - kept;
  const std::string refusal = "the last 64 of 256 places are for other certificates";
  for (uint64_t node = 1; node <= most; ++node)
    CAF_REQUIRE_EQUAL(hello(node, "greedy").refused, "");
  CAF_CHECK_EQUAL(hello(900, "greedy").refused.find(refusal), 0u);
  CAF_CHECK_EQUAL(hello(901, "leaf").refused, "");
  lose(901);
  CAF_CHECK_EQUAL(hello(900, "greedy").refused.find(refusal), 0u);
  lose(3);
  CAF_CHECK_EQUAL(hello(900, "greedy").refused, ""); // in place of its own
}

CAF_TEST(a number that another bus has gives nothing) {
  hello(7);
  const auto number = hello(8).held.number;
  lose(8);
  CAF_CHECK(!hello(7, {}, number).held.resumed);
  CAF_CHECK(!hello(9, {}, number).held.resumed);
  CAF_CHECK(hello(8, {}, number).held.resumed);
}

CAF_TEST(what comes in when the gate has just been spawned is numbered) {
  auto bus = spawn_bus(sys, short_idle());
  sched.run();
  spawn_node_gate(sys, bus, short_idle());
  caf::anon_send(bus.hub, publish{make_batch({{"t"}})}); // the gate has not had a turn
  sched.run();
  auto subscriber = sys.spawn(recording_subscriber, std::make_shared<recording>());
  const consumer_info info{1, "node:x", "node:x", {"t"}};
  auto conn = spawn_conn(sys, {100, 1 << 20, 1 << 16}, info, subscriber);
  stream_list answer;
  auto request = self->request(bus.hub, caf::infinite, subscribe{conn, info, {node_path{9}}});
  sched.run();
  request.receive([&](stream_list& x) { answer = std::move(x); },
                  [&](const caf::error& e) { CAF_FAIL(sys.render(e)); });
  CAF_REQUIRE(!answer.streams.empty());
  CAF_CHECK_EQUAL(answer.streams.back().number, 1u);
  caf::anon_send_exit(subscriber, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(bus.bus, caf::exit_reason::user_shutdown);
  sched.run();
}

CAF_TEST_FIXTURE_SCOPE_END()
