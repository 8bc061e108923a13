#include "actors/stop_plan.hpp"

#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

using nanoseconds = std::chrono::nanoseconds;

struct fixture {
  stop_plan plan;
  stop_plan::time_point now{};

  void begin(nanoseconds drain_timeout = 2s, nanoseconds within = 0s) { plan.begin(now, drain_timeout, within); }

  void go_to(bus_stage x) {
    while (plan.stage() < x)
      plan.done();
  }

  /// The steps when each takes all of its time, and how long that is.
  nanoseconds run_overdue(std::vector<bus_stage>& seen) {
    const auto start = now;
    while (plan.stage() != bus_stage::ended) {
      seen.push_back(plan.stage());
      now += plan.limit(now);
      plan.overdue();
    }
    return now - start;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(stop_plan_tests, fixture)

CAF_TEST(a stop ends the sources then drains then cleans up then ends the parts) {
  CAF_CHECK(plan.running());
  begin();
  CAF_CHECK(plan.stage() == bus_stage::ending_sources);
  CAF_CHECK(plan.done() == bus_stage::draining);
  CAF_CHECK(plan.done() == bus_stage::cleaning_up);
  CAF_CHECK(plan.done() == bus_stage::ending_parts);
  CAF_CHECK(plan.done() == bus_stage::ended);
}

CAF_TEST(only a clean - up that takes too long is cut short) {
  begin();
  CAF_CHECK(plan.overdue() == bus_stage::draining);
  CAF_CHECK(plan.overdue() == bus_stage::cleaning_up);
  CAF_CHECK(plan.overdue() == bus_stage::cutting_short);
  CAF_CHECK(plan.done() == bus_stage::ending_parts);
  CAF_CHECK(plan.overdue() == bus_stage::ended);
}

CAF_TEST(each step of a stop without a bound has a limit of its own) {
  begin(3s);
  CAF_CHECK(plan.limit(now) == defaults::source_kill_after + 500ms);
  go_to(bus_stage::draining);
  CAF_CHECK(plan.hand_out_limit(now) == 3s);
  CAF_CHECK(plan.limit(now) == 3500ms);
  plan.done();
  CAF_CHECK(plan.limit(now) == 3s);
  CAF_CHECK(plan.kill_after() == defaults::source_kill_after);
  plan.overdue();
  CAF_CHECK(plan.limit(now) == defaults::source_kill_after + 500ms);
  plan.done();
  CAF_CHECK(plan.limit(now) == 500ms);
}

CAF_TEST(a bounded stop in which everybody takes too long ends within its bound) {
  for (nanoseconds within : {1ns, nanoseconds{10ms}, nanoseconds{2s}, nanoseconds{1min}}) {
    plan = {};
    begin(1h, within);
    std::vector<bus_stage> seen;
    CAF_CHECK(run_overdue(seen) <= within);
    CAF_CHECK_EQUAL(seen.size(), 5u);
  }
}

CAF_TEST(what a step does not use of a bounded stop is left to those that follow) {
  begin(2s, 2s);
  go_to(bus_stage::draining);
  CAF_CHECK(plan.hand_out_limit(now) == 1400ms);
  now += 1300ms;
  CAF_CHECK(plan.hand_out_limit(now) == 100ms);
  now += 5s;
  CAF_CHECK(plan.hand_out_limit(now) == 0s);
}

CAF_TEST(a bound holds for a stop that goes on already) {
  begin(1h);
  go_to(bus_stage::draining);
  CAF_CHECK(plan.limit(now) > 1h);
  now += 60s;
  CAF_CHECK(plan.tighten(now, 2s));
  std::vector<bus_stage> seen;
  CAF_CHECK(run_overdue(seen) <= 2s);
}

CAF_TEST(a later or missing bound changes nothing) {
  CAF_CHECK(!plan.tighten(now, 1s)); // it runs
  begin(1h, 2s);
  CAF_CHECK(!plan.tighten(now, 3s));
  CAF_CHECK(!plan.tighten(now, 0s));
  now += 1s;
  CAF_CHECK(!plan.tighten(now, 1s));
  CAF_CHECK(plan.tighten(now, 999ms));
  go_to(bus_stage::ending_parts);
  CAF_CHECK(!plan.tighten(now, 1ns));
}

CAF_TEST_FIXTURE_SCOPE_END()
