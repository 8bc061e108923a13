// Subscribers in the program that take nothing of what is on its way to them.

#include "actors/bus.hpp"

#include "support/bus_fixture.hpp"

using namespace cafbus;

namespace {

constexpr auto limit = 5s; // the bus's write timeout

struct stalled_fixture : bus_fixture {
  std::shared_ptr<recording> seen = std::make_shared<recording>();

  joined enter(std::optional<std::chrono::nanoseconds> own_limit = {}, consumer_info info = {.event_key = "t"}) {
    subscribers.push_back(sys.spawn(recording_subscriber, seen));
    auto answer = ask<joined>(join{subscribers.back(), std::move(info), {}, {}, own_limit});
    CAF_REQUIRE(answer.admitted);
    return answer;
  }

  joined enter_actor(const caf::actor& x) { return ask<joined>(join{as_subscriber(x), {.event_key = "t"}}); }

  void release() {
    caf::anon_send(subscribers.back(), release_credit{});
    sched.run();
  }

  size_t consumers() { return ask<status_response>(read_status{}).consumers.size(); }

  static consumer_info worker() {
    consumer_info result{.event_key = "t"};
    result.group = "workers";
    result.ack = true;
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(stalled_subscriber_tests, stalled_fixture)

CAF_TEST(a subscriber that does not answer a delivery for the write timeout is told and is no consumer any longer) {
  seen->stuck = true;
  auto conn = enter().conn;
  publish_events(3, "t");
  pass(limit - 1ms);
  CAF_CHECK(alive(conn));
  CAF_CHECK(!seen->closed);
  pass(1ms);
  CAF_CHECK(seen->closed == close_reason::stalled);
  CAF_CHECK(!alive(conn));
  CAF_CHECK_EQUAL(consumers(), 0u);
  CAF_CHECK(alive(subscribers[0]));
}

CAF_TEST(the time of each delivery counts from its own beginning) {
  seen->stuck = true;
  auto conn = enter().conn;
  publish_events(1, "t");
  for (int i = 0; i < 4; ++i) {
    publish_events(1, "t"); // on its way when the one before is taken
    pass(limit - 1ms);
    caf::anon_send(subscribers[0], release_credit{});
    sched.run_once();
    seen->stuck = true;
    sched.run();
    CAF_CHECK_EQUAL(seen->deliveries, 2u + static_cast<size_t>(i));
  }
  CAF_CHECK(alive(conn));
  pass(limit);
  CAF_CHECK(!alive(conn));
}

CAF_TEST(a subscriber with nothing on its way is never stalled) {
  auto conn = enter().conn;
  publish_events(1, "t");
  pass(100 * limit);
  CAF_CHECK(alive(conn));
  publish_events(1, "t");
  pass(100 * limit);
  CAF_CHECK(alive(conn));
  CAF_CHECK_EQUAL(seen->seqs.size(), 2u);
}

CAF_TEST(a subscriber may have a limit of its own) {
  seen->stuck = true;
  auto conn = enter(1min).conn;
  publish_events(1, "t");
  pass(1min - 1ms);
  CAF_CHECK(alive(conn));
  pass(1ms);
  CAF_CHECK(!alive(conn));
}

CAF_TEST(without a limit a subscriber may work for ever) {
  seen->stuck = true;
  auto conn = enter(0s).conn;
  publish_events(1, "t");
  publish_events(1, "t");
  pass(24h);
  CAF_CHECK(alive(conn));
  release();
  CAF_CHECK_EQUAL(seen->seqs.size(), 2u);
}

CAF_TEST(a changed write timeout is the limit of those who come then) {
  reconfigure changed;
  changed.idle_timeout = 0s;
  changed.write_timeout = 1s;
  ask<reconfigured>(changed);
  seen->stuck = true;
  auto conn = enter().conn;
  publish_events(1, "t");
  pass(1s);
  CAF_CHECK(!alive(conn));
}

CAF_TEST(a subscriber that was stalled can join again) {
  seen->stuck = true;
  enter();
  publish_events(1, "t");
  pass(limit);
  release();
  CAF_CHECK(ask<joined>(join{subscribers[0], {.event_key = "t"}}).admitted);
  publish_events(1, "t");
  CAF_CHECK_EQUAL(seen->seqs, (std::vector<uint64_t>{1, 1}));
  CAF_CHECK_EQUAL(consumers(), 1u);
}

CAF_TEST(an actor without a handler for deliveries leaves with its first one) {
  auto deaf = sys.spawn([](caf::event_based_actor* self) -> caf::behavior {
    self->set_default_handler(caf::drop);
    return {[](int) {}};
  });
  auto conn = enter_actor(deaf).conn;
  CAF_CHECK(alive(conn));
  publish_events(1, "t");
  CAF_CHECK(!alive(conn));
  CAF_CHECK_EQUAL(consumers(), 0u);
  caf::anon_send_exit(deaf, caf::exit_reason::user_shutdown);
}

CAF_TEST(an actor that forgets to answer leaves after the limit) {
  size_t got = 0;
  auto silent = sys.spawn([&](caf::event_based_actor*) -> caf::behavior { return {[&](const delivery&) { ++got; }}; });
  auto conn = enter_actor(silent).conn;
  publish_events(1, "t");
  publish_events(1, "t");
  CAF_CHECK_EQUAL(got, 1u);
  pass(limit);
  CAF_CHECK(!alive(conn));
  CAF_CHECK_EQUAL(got, 2u); // the last one says why
  caf::anon_send_exit(silent, caf::exit_reason::user_shutdown);
}

CAF_TEST(a subscriber that is evicted and does not answer leaves after the limit) {
  seen->stuck = true;
  consumer_info info{.event_key = "t"};
  info.policy = queue_policy::disconnect;
  info.queue_capacity = 1;
  auto conn = enter({}, info).conn;
  publish_events(1, "t");
  publish_events(5, "t");
  CAF_CHECK(seen->closed == close_reason::evicted);
  CAF_CHECK(alive(conn));
  pass(limit);
  CAF_CHECK(!alive(conn));
  CAF_CHECK(seen->closed == close_reason::evicted);
}

CAF_TEST(a bus that stops waits for a stalled subscriber no longer than for its limit) {
  seen->stuck = true;
  enter(1s);
  publish_events(1, "t");
  stop("now");
  pass(1s - 1ms);
  CAF_CHECK(alive(parts.bus));
  pass(1ms);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(what a stalled member of a group has goes to another member) {
  seen->stuck = true;
  enter({}, worker());
  publish_events(1, "t");
  auto other = std::make_shared<recording>();
  std::swap(seen, other);
  enter({}, worker());
  pass(limit - 1ms);
  CAF_CHECK(seen->seqs.empty());
  pass(1ms);
  CAF_CHECK_EQUAL(seen->seqs.size(), 1u);
  CAF_CHECK(other->closed == close_reason::stalled);
  CAF_CHECK_EQUAL(consumers(), 1u);
}

CAF_TEST(a member of a group that has taken an event may work on it for as long as it likes) {
  auto answer = enter({}, worker());
  publish_events(1, "t");
  pass(100 * limit);
  CAF_CHECK(!seen->closed);
  CAF_CHECK_EQUAL(consumers(), 1u);
  caf::anon_send(answer.group, confirm_event{subscribers[0].id(), 1});
  sched.run();
  const auto status = ask<status_response>(read_status{});
  CAF_CHECK_EQUAL(status.groups.at(0).done, 1u);
}

CAF_TEST(a group ends with its last member that stalls and its lock is free) {
  seen->stuck = true;
  auto group = enter({}, worker()).group;
  publish_events(1, "t");
  pass(limit);
  CAF_CHECK(!alive(group));
  CAF_CHECK_EQUAL(consumers(), 0u);
  release();
  auto again = ask<joined>(join{subscribers[0], worker()});
  CAF_CHECK(again.admitted && again.first);
}

CAF_TEST(a member of a group without a handler for deliveries leaves with its first one) {
  for (auto own_limit : {std::optional<std::chrono::nanoseconds>{}, std::optional<std::chrono::nanoseconds>{0s}}) {
    auto deaf = sys.spawn([](caf::event_based_actor* self) -> caf::behavior {
      self->set_default_handler(caf::drop);
      return {[](int) {}};
    });
    join entry{as_subscriber(deaf), worker()};
    entry.stall_limit = own_limit;
    auto group = ask<joined>(std::move(entry)).group;
    publish_events(1, "t");
    CAF_CHECK(!alive(group));
    caf::anon_send_exit(deaf, caf::exit_reason::user_shutdown);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
