// Every seed is one course of a scenario with three linked buses and faults. In full:
//   CAFBUS_SEEDS=10000 build/cafbus_harness_test -n -v 3 -s '^testing.partition$'
// One seed again, with its trace on standard output: CAFBUS_SEED=n.

#include "testing/partition.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <cstdlib>
#include <iostream>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace cafbus::testing;
using namespace std::chrono_literals;

namespace {

uint64_t number_from_environment(const char* name, uint64_t otherwise) {
  const auto* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

} // namespace

CAF_TEST(no law breaks whatever happens to links and consumers) {
  auto one = number_from_environment("CAFBUS_SEED", 0);
  auto from = one != 0 ? one : 1;
  auto to = one != 0 ? one : number_from_environment("CAFBUS_SEEDS", 300);
  uint64_t events = 0;
  uint64_t steps = 0;
  size_t failed = 0;
  for (auto seed = from; seed <= to; ++seed) {
    partition_scenario scenario{seed};
    scenario.run();
    events += scenario.x.events_seen();
    steps += scenario.x.steps();
    if (one != 0)
      std::cout << scenario.x.trace();
    if (scenario.x.broken().empty())
      continue;
    for (const auto& what : scenario.x.broken())
      CAF_ERROR("CAFBUS_SEED=" << seed << ": " << what);
    if (++failed == 10)
      break;
  }
  std::cout << to - from + 1 << " seeds, " << steps << " messages, " << events << " events seen\n";
  CAF_CHECK(events > 100 * (to - from)); // a scenario in which nothing happens would pass as well
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
