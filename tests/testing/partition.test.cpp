// Every seed is one course of a scenario with three linked buses and faults. In full:
//   CAFBUS_SEEDS=10000 build/cafbus_harness_test -n -v 3 -s '^testing.partition$'
// One seed again, with its trace on standard output: CAFBUS_SEED=n. A failing seed says how it is repeated.

#include "testing/partition.hpp"
#include "testing/explore.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <iostream>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace cafbus::testing;
using namespace std::chrono_literals;

CAF_TEST(no law breaks whatever happens to links and consumers) {
  auto found =
      explore({.name = "partition", .seeds = 300, .shrink_runs = 300}, [](harness& x) { partition_scenario{x}.run(); });
  for (const auto& run : found.failing)
    for (const auto& what : run.record.broken)
      CAF_ERROR("CAFBUS_SEED=" << run.record.plan.seed << ": " << what);
  std::cout << found.runs << " seeds, " << found.steps << " messages, " << found.events << " events seen\n";
  // a scenario in which nothing happens would pass as well
  CAF_CHECK(found.is_single || found.events > 100 * (found.runs - 1));
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
