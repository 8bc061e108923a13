// Links that are cut for a while at 100 events per second: what the queue holds is there when the link is made again
// within the grace, and what is lost beyond is told to the event. One seed is one course.

#include "testing/harness.hpp"
#include "testing/seeds.hpp"

#include <iostream>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace cafbus::testing;
using namespace std::chrono_literals;

namespace {

/// How long a machine that falls silent goes unnoticed, at most (`link_silence_timeout`).
constexpr auto notice = 6s;

/// a -> b -> c -> d with a consumer on each but the first, and a source at a.
struct grace_scenario {
  grace_scenario(uint64_t seed, const bus_options& options) : x{seed} {
    for (const auto* name : {"a", "b", "c", "d"})
      x.add_bus(name, options);
    for (size_t i = 0; i < 3; ++i)
      x.delay(x.add_link(i, i + 1), 0ms, std::chrono::milliseconds{x.draw(20)});
    for (size_t i = 1; i < 4; ++i)
      x.add_consumer("consumer" + std::to_string(i), i, {.types = {"x", "y"}});
    x.run_for(1s);
    x.expect_exact_losses();
  }

  void publish_for(std::chrono::seconds time) {
    const auto events = static_cast<uint64_t>(time / 10ms);
    x.add_source(
        "source", 0,
        {.types = {"x", "y"}, .events = events, .largest_batch = 1, .shortest_pause = 10ms, .longest_pause = 10ms});
    published += events;
  }

  /// The middle of the chain, for so long.
  void cut(std::chrono::seconds time) {
    publish_for(time + 10s);
    x.run_for(2s);
    x.cut(1, notice);
    x.run_for(time);
    x.heal(1);
    x.run_for(20s);
  }

  void finish() {
    x.finish();
    for (const auto& what : x.broken())
      CAF_ERROR(what);
    CAF_CHECK(x.events_seen() + x.losses_told() >= 3 * published);
  }

  harness x;
  uint64_t published = 0;
};

uint64_t lost_by_cut(uint64_t seed, const bus_options& options, std::chrono::seconds time) {
  grace_scenario scenario{seed, options};
  scenario.cut(time);
  scenario.finish();
  if (seed_range{1}.is_one)
    std::cout << scenario.x.trace();
  return scenario.x.losses_told();
}

} // namespace

CAF_TEST(a cut of 3 or 6 or 10 or 30 seconds loses nothing) {
  const seed_range seeds{8};
  for (auto seed = seeds.first; seed <= seeds.last; ++seed)
    for (auto time : {3s, 6s, 10s, 30s})
      if (auto lost = lost_by_cut(seed, {}, time); lost != 0)
        CAF_ERROR("CAFBUS_SEED=" << seed << ": a cut of " << time.count() << " s has lost " << lost);
}

CAF_TEST(what the queue does not hold is told) {
  bus_options options;
  options.queue_capacity = 100;
  const seed_range seeds{4};
  for (auto seed = seeds.first; seed <= seeds.last; ++seed) {
    // the link and the consumers behind it lose all that comes in 30 s but what the queue and the messages on their way
    // hold
    const auto lost = lost_by_cut(seed, options, 30s);
    CAF_CHECK(lost > 2 * 2'000);
    CAF_CHECK(lost < 2 * 3'600);
  }
}

CAF_TEST(what comes after the grace is told as lost) {
  bus_options options;
  const seed_range seeds{4};
  for (auto grace : {0s, 5s}) {
    options.link_grace = grace;
    for (auto seed = seeds.first; seed <= seeds.last; ++seed)
      CAF_CHECK(lost_by_cut(seed, options, 30s) > 0);
  }
}

CAF_TEST(one cut after another loses nothing) {
  const seed_range seeds{8};
  for (auto seed = seeds.first; seed <= seeds.last; ++seed) {
    grace_scenario scenario{seed, {}};
    auto& x = scenario.x;
    scenario.publish_for(40s);
    for (int i = 0; i < 8; ++i) {
      const auto link = x.draw(3);
      x.cut(link, notice);
      x.run_for(std::chrono::milliseconds{x.draw(5'000)});
      x.heal(link);
      x.run_for(std::chrono::milliseconds{x.draw(2'000)});
    }
    x.run_for(41s); // all is published by then
    scenario.finish();
    if (x.losses_told() != 0)
      CAF_ERROR("CAFBUS_SEED=" << seed << ": " << x.losses_told() << " are lost");
  }
}

CAF_TEST(what is wanted may change while a link is cut) {
  const seed_range seeds{8};
  for (auto seed = seeds.first; seed <= seeds.last; ++seed) {
    grace_scenario scenario{seed, {}};
    auto& x = scenario.x;
    const auto leaving = x.add_consumer("leaving", 3, {.types = {"v"}});
    x.run_for(1s);
    scenario.publish_for(30s);
    x.cut(1, notice);
    x.run_for(std::chrono::milliseconds{x.draw(5'000)});
    x.kill_consumer(leaving);
    x.add_consumer("late", 3, {.types = {"w", "x"}});
    x.run_for(std::chrono::milliseconds{x.draw(5'000)});
    x.heal(1);
    x.run_for(30s);
    scenario.finish(); // among its laws: what the late one asks for comes, and nothing is asked for in the end
    CAF_CHECK_EQUAL(x.losses_told(), 0u);
  }
}

CAF_TEST(a link waits in status for its peer and no stop waits for it) {
  bus_options options;
  grace_scenario scenario{1, options};
  auto& x = scenario.x;
  scenario.publish_for(20s);
  x.run_for(1s);
  x.cut(1, 0s);
  x.run_for(10s);
  std::string detail;
  for (const auto& link : x.status(1).links)
    detail += link.detail;
  CAF_CHECK_EQUAL(detail.substr(0, detail.find(" s")), "waiting for its peer, 10");
  CAF_CHECK_EQUAL(detail.substr(detail.rfind(' ')), " queued");
  stop_bus now;
  now.reason = "stopped by the test";
  now.force = true;
  now.drain_timeout = 1h;
  caf::anon_send(x.parts(1).bus, now);
  x.run_for(1s);
  CAF_CHECK(caf::actor_cast<caf::abstract_actor*>(x.parts(1).bus)->getf(caf::abstract_actor::is_terminated_flag));
}
