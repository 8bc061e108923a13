// Every seed is one course of linked buses that lose events: in a chain or a diamond, by full queues, cut links and
// ends that die. In full:
//   CAFBUS_SEEDS=10000 build/cafbus_harness_test -n -v 3 -s '^testing.link_losses$'
// One seed again, with its trace on standard output: CAFBUS_SEED=n.

#include "testing/deaf_conn.hpp"
#include "testing/explore.hpp"
#include "testing/partition.hpp"

#include <functional>
#include <iostream>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace cafbus::testing;
using namespace std::chrono_literals;

namespace {

constexpr size_t rounds = 10;

using planting = std::function<void(harness&)>;

struct losses_scenario {
  explicit losses_scenario(harness& y) : x{y} {}

  void build() {
    bus_options options;
    options.queue_capacity = static_cast<uint32_t>(4 + x.draw(30));
    options.link_grace = std::chrono::milliseconds{x.draw(2) == 0 ? 0 : 10 + x.draw(4'000)};
    for (const auto* name : {"a", "b", "c", "d"})
      x.add_bus(name, options);
    x.add_link(0, 1);
    x.add_link(1, 2);
    x.add_link(2, 3);
    links = 3;
    if (x.draw(3) == 0) // another way round
      links = 1 + x.add_link(0, x.draw(2) == 0 ? 2 : 3);
    for (const auto* name : {"a", "b", "c", "d"})
      x.add_consumer(std::string{"fast."} + name, consumers++, {.types = {"x", "y"}});
    x.add_consumer("slow.c", 2, {.types = {"x"}, .longest_pace = 100ms});
    x.add_consumer("stuck.d", 3, {.types = {"y", "z"}, .sticks_after = 1 + x.draw(50)});
    consumers += 2;
  }

  void one_fault() {
    static const char* const actors[] = {"hub", "conn", "node-export", "node-import", "node-gate", "wire-end"};
    const auto link = x.draw(links);
    const auto kind = x.draw(link_faults + 2);
    switch (kind) {
    case link_faults:
      return x.draw(2) == 0 ? x.stick(x.draw(consumers)) : x.release(x.draw(consumers));
    case link_faults + 1:
      return x.hold(actors[x.draw(std::size(actors))], std::chrono::milliseconds{x.draw(100)});
    default:
      return inject_link_fault(x, kind, link);
    }
  }

  void run(const planting& plant = {}) {
    build();
    if (plant)
      plant(x);
    x.run_for(1s);
    x.expect_exact_losses();
    for (size_t bus : {0, 0, 1})
      x.add_source("source" + std::to_string(sources++), bus,
                   {.types = {"x", "y", "z"}, .events = 20 + x.draw(60), .longest_pause = 100ms});
    for (size_t i = 0; i < rounds; ++i) {
      one_fault();
      x.run_for(std::chrono::milliseconds{x.draw(400)});
    }
    x.run_for(1s);
    x.finish();
  }

  harness& x;
  size_t links = 0;
  size_t consumers = 0;
  size_t sources = 0;
};

} // namespace

CAF_TEST(whatever links lose every consumer is told of it to the event) {
  uint64_t told = 0;
  auto found = explore({.name = "link_losses", .seeds = 200, .shrink_runs = 300}, [&told](harness& x) {
    losses_scenario{x}.run();
    told += x.losses_told();
  });
  for (const auto& run : found.failing)
    for (const auto& what : run.record.broken)
      CAF_ERROR("CAFBUS_SEED=" << run.record.plan.seed << ": " << what);
  std::cout << found.runs << " seeds, " << found.events << " events seen, " << told << " told as lost\n";
  // a scenario in which nothing happens would pass as well
  CAF_CHECK(found.is_single || found.events > 100 * (found.runs - 1));
  CAF_CHECK(found.is_single || told > 10 * (found.runs - 1));
}

CAF_TEST(a conn that does not hear of losses is found) {
  uint64_t seed = 1;
  for (; seed <= 100; ++seed) {
    harness x{seed};
    losses_scenario{x}.run([](harness& y) { plant_deaf_conn(y, 3, {"x", "y", "z"}, [] { return true; }); });
    if (is_deaf_conn_found(x))
      break;
  }
  CAF_CHECK_LESS_OR_EQUAL(seed, 100u);
}
