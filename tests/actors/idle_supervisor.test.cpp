#include "actors/idle_supervisor.hpp"

#include "support/fixtures.hpp"
#include "support/recording_subscriber.hpp"

#include <caf/send.hpp>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

/// A bus that counts how often it is told that it is idle.
bus_actor::behavior_type told_bus(bus_actor::pointer, int* times) {
  return {[](const adopt&) {},
          [](const attach_listener&) {},
          [](const attach_source&) {},
          [](const attach_part&) {},
          [](const join&) { return joined{}; },
          [](const read_status&) { return status_response{}; },
          [](const stop_bus&) { return stop_verdict{}; },
          [](const source_ended&) {},
          [](const reconfigure&) { return reconfigured{}; },
          [](const certificate_changed&) {},
          [](const member_stalled&) {},
          [times](const idle_reached&) { ++*times; },
          [](const stop_overdue&) {}};
}

struct fixture : test_coordinator_fixture<> {
  int told = 0;
  bus_actor bus = sys.spawn(told_bus, &told);
  idle_supervisor_actor testee = sys.spawn(idle_supervisor, 30s, bus);
  std::vector<caf::strong_actor_ptr> consumers;

  fixture() {
    for (int i = 0; i < 2; ++i)
      consumers.push_back(
          caf::actor_cast<caf::strong_actor_ptr>(sys.spawn(recording_subscriber, std::make_shared<recording>())));
    sched.run();
  }

  ~fixture() override {
    for (auto& x : consumers)
      caf::anon_send_exit(caf::actor_cast<caf::actor>(x), caf::exit_reason::kill);
    caf::anon_send_exit(bus, caf::exit_reason::kill);
    caf::anon_send_exit(testee, caf::exit_reason::kill);
    sched.run();
  }

  void come(size_t i) {
    caf::anon_send(testee, consumer_came{consumers[i]});
    sched.run();
  }
  void go(size_t i) {
    caf::anon_send(testee, consumer_went{consumers[i]});
    sched.run();
  }
  void change(std::chrono::nanoseconds idle_timeout) {
    reconfigure x;
    x.idle_timeout = idle_timeout;
    caf::anon_send(testee, x);
    sched.run();
  }
  void pass(caf::timespan time) {
    advance_time(time);
    sched.run();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(idle_supervisor_tests, fixture)

CAF_TEST(it tells the bus when nobody has come in time) {
  pass(30s - 1ms);
  CAF_CHECK_EQUAL(told, 0);
  pass(1ms);
  CAF_CHECK_EQUAL(told, 1);
}

CAF_TEST(a consumer keeps the bus awake) {
  come(0);
  pass(300s);
  CAF_CHECK_EQUAL(told, 0);
}

CAF_TEST(the time runs from the going of the last consumer) {
  come(0);
  come(1);
  pass(20s);
  go(0);
  pass(20s);
  go(1);
  pass(29s);
  CAF_CHECK_EQUAL(told, 0);
  pass(1s);
  CAF_CHECK_EQUAL(told, 1);
}

CAF_TEST(a consumer that comes in the last moment makes the timer stale) {
  pass(30s - 1ms);
  come(0);
  pass(1ms);
  CAF_CHECK_EQUAL(told, 0);
}

CAF_TEST(a consumer that comes and goes restarts the time) {
  pass(29s);
  come(0);
  go(0);
  pass(29s);
  CAF_CHECK_EQUAL(told, 0);
  pass(1s);
  CAF_CHECK_EQUAL(told, 1);
}

CAF_TEST(going twice or without having come changes nothing) {
  pass(20s);
  go(0);
  pass(10s);
  CAF_CHECK_EQUAL(told, 1);
  come(0);
  come(1);
  go(0);
  go(0);
  pass(60s);
  CAF_CHECK_EQUAL(told, 1);
}

CAF_TEST(a bus that could not stop is told again soon) {
  pass(30s);
  caf::anon_send(testee, stay_awake{});
  sched.run();
  CAF_CHECK_EQUAL(told, 1);
  pass(200ms);
  CAF_CHECK_EQUAL(told, 2);
}

CAF_TEST(a new idle time counts anew and the old one is forgotten) {
  pass(20s);
  change(60s);
  pass(60s - 1ms);
  CAF_CHECK_EQUAL(told, 0);
  pass(1ms);
  CAF_CHECK_EQUAL(told, 1);
}

CAF_TEST(the same idle time again changes nothing) {
  pass(20s);
  change(30s);
  pass(10s);
  CAF_CHECK_EQUAL(told, 1);
}

CAF_TEST(never can become an idle time and back) {
  change(0s);
  pass(1'000h);
  CAF_CHECK_EQUAL(told, 0);
  come(0);
  go(0);
  change(10s);
  change(0s);
  pass(1'000h);
  CAF_CHECK_EQUAL(told, 0);
  change(10s);
  pass(10s);
  CAF_CHECK_EQUAL(told, 1);
}

CAF_TEST(a new idle time does not end a bus that is used) {
  come(0);
  change(1s);
  pass(10s);
  CAF_CHECK_EQUAL(told, 0);
  go(0);
  pass(1s);
  CAF_CHECK_EQUAL(told, 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
