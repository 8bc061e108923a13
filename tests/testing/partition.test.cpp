// Every seed is one course of a scenario with three linked buses and faults. In full:
//   CAFBUS_SEEDS=10000 build/cafbus_harness_test -n -v 3 -s '^testing.partition$'
// One seed again, with its trace on standard output: CAFBUS_SEED=n.

#include "testing/partition.hpp"
#include "testing/seeds.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <iostream>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace cafbus::testing;
using namespace std::chrono_literals;

CAF_TEST(no law breaks whatever happens to links and consumers) {
  const seed_range seeds{300};
  uint64_t events = 0;
  uint64_t steps = 0;
  size_t failed = 0;
  for (auto seed = seeds.first; seed <= seeds.last; ++seed) {
    partition_scenario scenario{seed};
    scenario.run();
    events += scenario.x.events_seen();
    steps += scenario.x.steps();
    if (seeds.is_one)
      std::cout << scenario.x.trace();
    if (scenario.x.broken().empty())
      continue;
    for (const auto& what : scenario.x.broken())
      CAF_ERROR("CAFBUS_SEED=" << seed << ": " << what);
    if (++failed == 10)
      break;
  }
  std::cout << seeds.size() << " seeds, " << steps << " messages, " << events << " events seen\n";
  CAF_CHECK(events > 100 * (seeds.size() - 1)); // a scenario in which nothing happens would pass as well
}

CAF_TEST(the same seed gives the same trace) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    partition_scenario first{seed};
    first.run();
    partition_scenario second{seed};
    second.run();
    CAF_CHECK(first.x.trace() == second.x.trace());
    CAF_CHECK_EQUAL(first.x.steps(), second.x.steps());
  }
}
