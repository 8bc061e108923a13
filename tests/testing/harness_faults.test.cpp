// Each fault does what it says, and no law of linked buses breaks under any of them.
//   CAFBUS_SEEDS=2000 build/cafbus_harness_test -n -v 3 -s '^testing.harness_faults$'

#include "testing/explore.hpp"

#include "messages/link_protocol.hpp"

#include <algorithm>
#include <iostream>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace cafbus::testing;
using namespace std::chrono_literals;

namespace {

/// a -> b -> c, and a consumer of each type at each.
struct chain {
  explicit chain(harness& y) : x{y} {
    for (const auto* name : {"a", "b", "c"})
      x.add_bus(name);
    x.add_link(0, 1);
    x.add_link(1, 2);
    for (size_t bus = 0; bus < 3; ++bus)
      add_consumer(bus);
    x.run_for(1s);
  }

  void add_consumer(size_t bus) {
    x.add_consumer("consumer" + std::to_string(consumers++), bus, {.types = {"x", "y"}});
  }
  void add_source(size_t bus, uint64_t events = 100, std::chrono::nanoseconds longest_pause = 50ms) {
    x.add_source("source" + std::to_string(sources++), bus,
                 {.types = {"x", "y"}, .events = events, .largest_batch = 1, .longest_pause = longest_pause});
  }
  /// What the newest consumer at c has been given so far.
  uint64_t received_at_c() {
    const auto status = x.status(2);
    return status.consumers.empty() ? 0 : status.consumers.back().received;
  }
  void check() {
    for (const auto& what : x.broken())
      CAF_ERROR(what);
  }

  harness& x;
  size_t consumers = 0;
  size_t sources = 0;
};

void any_fault(chain& s, bool& b_is_gone) {
  auto& x = s.x;
  const auto link = x.draw(2);
  const auto direction = x.draw(2) == 0 ? flow::events : flow::answers;
  switch (x.draw(8)) {
  case 1:
    return x.cut(link, std::chrono::milliseconds{x.draw(3000)});
  case 2:
    return x.heal(link);
  case 3:
    return x.reset(link);
  case 4:
    return x.block(link, direction);
  case 5:
    return x.unblock(link, direction);
  case 6:
    return x.delay(link, direction, 0ms, std::chrono::milliseconds{x.draw(200)});
  case 7:
    if (b_is_gone) {
      x.restart_bus(1);
      s.add_consumer(1);
      s.add_source(1);
    } else {
      x.crash_bus(1, std::chrono::milliseconds{x.draw(3000)});
    }
    b_is_gone = !b_is_gone;
    return;
  default:
    return x.hold(x.draw(3), x.draw(2) == 0 ? "hub" : "node-import", std::chrono::milliseconds{x.draw(100)});
  }
}

void any_faults(harness& x) {
  constexpr size_t rounds = 12;
  chain s{x};
  x.expect_exact_losses();
  s.add_source(0);
  s.add_source(1);
  auto b_is_gone = false;
  for (size_t i = 0; i < rounds; ++i) {
    any_fault(s, b_is_gone);
    x.run_for(std::chrono::milliseconds{x.draw(400)});
  }
  if (b_is_gone)
    x.restart_bus(1);
  x.finish();
}

} // namespace

CAF_TEST(a bus that crashes is away and comes back as another node) {
  harness x{1};
  chain s{x};
  x.expect_exact_losses();
  s.add_source(0);
  x.run_for(1s);
  const auto node = x.parts(1).node;
  const auto before = s.received_at_c();
  x.crash_bus(1);
  x.run_for(1s);
  CAF_CHECK_EQUAL(s.received_at_c(), before);
  CAF_CHECK(x.status(1).pid == 0); // empty: nobody answers
  x.restart_bus(1);
  CAF_CHECK_NOT_EQUAL(x.parts(1).node, node);
  s.add_consumer(1);
  x.run_for(1min);
  CAF_CHECK(s.received_at_c() > before);
  x.finish();
  s.check();
}

CAF_TEST(what waits for a blocked direction comes later and nothing is lost) {
  for (auto direction : {flow::events, flow::answers}) {
    harness x{1};
    chain s{x};
    x.expect_exact_losses();
    x.block(1, direction);
    const uint64_t events = 2 * link_window(highest_link_protocol);
    s.add_source(0, events, 10ms);
    x.run_for(4s); // by then all are out; after a longer time the link counts as dead
    CAF_CHECK_LESS_OR_EQUAL(s.received_at_c(), events / 2); // no more messages than the window of a link holds
    x.unblock(1, direction);
    x.run_for(1s);
    CAF_CHECK_EQUAL(s.received_at_c(), events);
    x.finish();
    CAF_CHECK_EQUAL(x.losses_told(), 0u);
    s.check();
  }
}

CAF_TEST(each direction of a link has a latency of its own) {
  harness x{1};
  chain s{x};
  x.delay(1, flow::events, 700ms, 700ms);
  s.add_source(0, 1);
  x.run_for(600ms);
  CAF_CHECK_EQUAL(s.received_at_c(), 0u);
  x.run_for(200ms);
  CAF_CHECK_EQUAL(s.received_at_c(), 1u);
  x.delay(1, flow::events, 0ms, 0ms);
  x.delay(1, flow::answers, 700ms, 700ms);
  s.add_source(0, 1);
  x.run_for(100ms);
  CAF_CHECK_EQUAL(s.received_at_c(), 2u);
}

CAF_TEST(a direction of a link has a bandwidth of its own) {
  harness x{1};
  chain s{x};
  x.expect_exact_losses();
  x.bandwidth(1, flow::events, 1'000);
  s.add_source(0); // 100 events of more than 100 bytes
  x.run_for(4s);
  const auto there = s.received_at_c();
  CAF_CHECK_GREATER(there, 5u);
  CAF_CHECK_LESS(there, 40u);
  x.bandwidth(1, flow::events, 0);
  x.bandwidth(1, flow::answers, 1'000); // what goes that way is small
  x.run_for(20s);                       // what had been sent is still on its way
  CAF_CHECK_EQUAL(s.received_at_c(), 100u);
  x.finish();
  s.check();
}

CAF_TEST(a bus may have another time of day than the others) {
  harness x{run_plan{1}, {.sockets = true}};
  for (const auto* name : {"a", "b"})
    x.add_bus(name);
  x.add_link(0, 1);
  x.skew_clock(0, -24h);
  auto& reader = x.add_client("reader", 1, {.types = {"t"}});
  x.run_for(1s);
  for (size_t bus : {0, 1}) {
    x.add_client("writer" + std::to_string(bus), bus).publish("t");
    x.run_for(1s);
  }
  CAF_REQUIRE_EQUAL(reader.events(), 2u);
  for (const auto* time : {R"("observed_at":"1969-12-31T01:00:0)", R"("observed_at":"1970-01-01T01:00:0)"})
    CAF_CHECK_EQUAL(std::ranges::count_if(reader.lines(), [&](const auto& x) { return x.find(time) != x.npos; }), 1);
  CAF_CHECK(x.status(0).last_event_at.starts_with("1969-12-31T01:00:0"));
  CAF_CHECK(x.status(1).last_event_at.starts_with("1970-01-01T01:00:0"));
  x.finish();
  for (const auto& what : x.broken())
    CAF_ERROR(what);
}

CAF_TEST(a link that is reset is made again and what it lost is told) {
  harness x{1};
  chain s{x};
  x.expect_exact_losses();
  s.add_source(0);
  x.run_for(1s);
  x.delay(1, 50ms, 50ms); // something is on its way
  x.run_for(500ms);
  x.reset(1);
  x.run_for(1min);
  CAF_CHECK_EQUAL(s.received_at_c(), 100u);
  x.finish();
  s.check();
}

CAF_TEST(the actors of one bus can be held alone) {
  harness x{1};
  for (const auto* name : {"quick", "late"}) {
    auto bus = x.add_bus(name);
    x.add_consumer(std::string{"at."} + name, bus, {.types = {"t"}});
  }
  x.settle();
  x.hold(1, "hub", 10s);
  for (size_t bus : {0, 1})
    x.add_source("source" + std::to_string(bus), bus, {.types = {"t"}, .events = 1, .longest_pause = 1ms});
  x.run_for(9s);
  CAF_CHECK_EQUAL(x.events_seen(), 1u);
  x.run_for(2s);
  CAF_CHECK_EQUAL(x.events_seen(), 2u);
}

CAF_TEST(no law breaks whatever crashes and whatever is blocked) {
  auto found = explore({.name = "harness_faults", .seeds = 150, .shrink_runs = 300}, any_faults);
  for (const auto& run : found.failing)
    for (const auto& what : run.record.broken)
      CAF_ERROR("CAFBUS_SEED=" << run.record.plan.seed << ": " << what);
  std::cout << found.runs << " seeds, " << found.events << " events seen\n";
  CAF_CHECK(found.is_single || found.events > 100 * (found.runs - 1));
}
