#include "actors/conn.hpp"

#include "support/batches.hpp"
#include "support/fixtures.hpp"
#include "support/recording_subscriber.hpp"
#include "testing/laws.hpp"

#include <caf/send.hpp>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

struct fixture : test_coordinator_fixture<> {
  std::shared_ptr<recording> seen = std::make_shared<recording>();
  recording_actor subscriber = sys.spawn(recording_subscriber, seen);
  conn_actor testee = spawn_conn(sys, {100, 1 << 20, 1 << 16}, {1, "key", "key", {"t"}}, subscriber);

  fixture() { sched.run(); }

  ~fixture() override {
    auto x = counters();
    CAF_CHECK_EQUAL(laws::conservation(x), "");
    CAF_CHECK_EQUAL(laws::bounds(x, 100, 1'000), "");
    caf::anon_send_exit(subscriber, caf::exit_reason::user_shutdown);
    sched.run();
  }

  void publish_events(size_t n) {
    auto batch = numbered_batch(n);
    caf::anon_send(testee, deliver{batch, all_of(batch)});
  }

  conn_counters counters() {
    conn_counters result;
    if (!alive(testee))
      return result;
    auto request = self->request(testee, caf::infinite, read_conn_counters{});
    sched.run();
    request.receive([&](const conn_counters& x) { result = x; },
                    [&](const caf::error& e) { CAF_FAIL("no counters: " << sys.render(e)); });
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(conn_tests, fixture)

CAF_TEST(events reach the subscriber in order and are counted when it has taken them) {
  publish_events(3);
  publish_events(2);
  sched.run();
  CAF_CHECK_EQUAL(seen->seqs, (std::vector<uint64_t>{1, 2, 3, 4, 5}));
  CAF_CHECK_EQUAL(counters(), (conn_counters{5, 0, 5, 0, 0}));
}

CAF_TEST(any number of events puts one wake up into the CAF mailbox) {
  seen->stuck = true;
  for (int i = 0; i < 1'000; ++i)
    publish_events(5);
  expect((mailbox_filled), to(testee));
  disallow((mailbox_filled), to(testee));
  sched.run();
  CAF_CHECK_EQUAL(seen->deliveries, 1u);
  CAF_CHECK_EQUAL(counters().received, 5'000u);
}

CAF_TEST(one delivery is in flight until the subscriber gives credit back) {
  seen->stuck = true;
  publish_events(2);
  sched.run();
  publish_events(2);
  sched.run();
  CAF_CHECK_EQUAL(seen->deliveries, 1u);
  caf::anon_send(subscriber, release_credit{});
  sched.run();
  CAF_CHECK_EQUAL(seen->deliveries, 2u);
  CAF_CHECK_EQUAL(seen->seqs, (std::vector<uint64_t>{1, 2, 3, 4}));
}

CAF_TEST(a stuck subscriber loses the oldest events and the hole is what was dropped) {
  seen->stuck = true;
  publish_events(1);
  sched.run();
  for (int i = 0; i < 50; ++i)
    publish_events(10);
  caf::anon_send(subscriber, release_credit{});
  sched.run();
  auto x = counters();
  CAF_CHECK_EQUAL(x, (conn_counters{501, 400, 101, 0, 0}));
  CAF_CHECK_EQUAL(laws::order(seen->seqs, x.dropped, x.received), "");
}

CAF_TEST(a source status comes before the events and evicts none) {
  seen->stuck = true;
  publish_events(1);
  sched.run();
  publish_events(100);
  for (auto state : {source_state::connecting, source_state::connected, source_state::disconnected})
    caf::anon_send(testee, source_status{"s", state, ""});
  caf::anon_send(testee, source_status{"other", source_state::connected, ""});
  sched.run();
  caf::anon_send(subscriber, release_credit{});
  sched.run();
  CAF_CHECK_EQUAL(seen->statuses, (std::vector<source_status>{{"other", source_state::connected, ""},
                                                              {"s", source_state::disconnected, ""}}));
  CAF_CHECK_EQUAL(counters(), (conn_counters{101, 0, 101, 0, 0}));
}

CAF_TEST(draining is answered when everything has been delivered) {
  seen->stuck = true;
  publish_events(2);
  sched.run();
  publish_events(2);
  bool done = false;
  auto request = self->request(testee, caf::infinite, drain{});
  sched.run();
  CAF_CHECK_EQUAL(counters().queued, 4u);
  caf::anon_send(subscriber, release_credit{});
  sched.run();
  CAF_CHECK_EQUAL(counters().queued, 0u);
  request.receive([&](const drained&) { done = true; }, [&](const caf::error& e) { CAF_FAIL(sys.render(e)); });
  CAF_CHECK(done);
}

CAF_TEST(draining is answered when the subscriber is gone) {
  seen->stuck = true;
  publish_events(2);
  sched.run();
  bool done = false;
  auto request = self->request(testee, caf::infinite, drain{});
  sched.run();
  caf::anon_send_exit(subscriber, caf::exit_reason::kill);
  sched.run();
  request.receive([&](const drained&) { done = true; }, [&](const caf::error& e) { CAF_FAIL(sys.render(e)); });
  CAF_CHECK(done);
}

CAF_TEST(an idle one is drained at once) {
  bool done = false;
  auto request = self->request(testee, caf::infinite, drain{});
  sched.run();
  request.receive([&](const drained&) { done = true; }, [&](const caf::error& e) { CAF_FAIL(sys.render(e)); });
  CAF_CHECK(done);
}

CAF_TEST(it ends with its subscriber) {
  caf::anon_send_exit(subscriber, caf::exit_reason::kill);
  sched.run();
  CAF_CHECK(!alive(testee));
  publish_events(3);
  sched.run();
  CAF_CHECK(seen->seqs.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
