#include "actors/bus.hpp"

#include "support/bus_fixture.hpp"
#include "testing/laws.hpp"

#include <caf/forwarding_actor_proxy.hpp>
#include <caf/make_actor.hpp>
#include <caf/node_id.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(bus_tests, bus_fixture)

CAF_TEST(an actor that joins gets the events of its key) {
  auto seen = std::make_shared<recording>();
  auto answer = add(seen, "t");
  CAF_CHECK(answer.admitted);
  CAF_CHECK(answer.first);
  publish_events(3, "t");
  publish_events(3, "other");
  CAF_CHECK_EQUAL(seen->seqs, (std::vector<uint64_t>{1, 2, 3}));
  auto status = ask<status_response>(read_status{});
  CAF_CHECK_EQUAL(laws::conservation(status.counters, status.consumers), "");
}

CAF_TEST(an actor that joins can choose by payload) {
  auto seen = std::make_shared<recording>();
  subscribers.push_back(sys.spawn(recording_subscriber, seen));
  consumer_info info{.event_key = "t"};
  info.filter = {{"/n", ">", filter_value{filter_scalar{int64_t{0}}}}};
  CAF_CHECK(ask<joined>(join{subscribers.back(), info}).admitted);
  publish_events(3, "t");
  CAF_CHECK_EQUAL(seen->seqs, (std::vector<uint64_t>{1, 2}));
  info.filter[0].op = "?";
  auto answer = ask<joined>(join{subscribers.back(), info});
  CAF_CHECK(!answer.admitted);
  CAF_CHECK_NOT_EQUAL(answer.reason.find("the operator '?' is unknown"), std::string::npos);
}

CAF_TEST(any actor can join and none that is not there) {
  size_t seen = 0;
  auto any = sys.spawn([&](caf::event_based_actor*) -> caf::behavior {
    return {[&](const delivery& x) {
      for (const auto& range : x.events)
        seen += range.size();
      return delivered{};
    }};
  });
  CAF_CHECK(ask<joined>(join{as_subscriber(any), {.event_key = "t"}}).admitted);
  publish_events(3, "t");
  CAF_CHECK_EQUAL(seen, 3u);
  caf::anon_send_exit(any, caf::exit_reason::user_shutdown);
  auto answer = ask<joined>(join{{}, {.event_key = "t"}});
  CAF_CHECK(!answer.admitted);
  CAF_CHECK_EQUAL(answer.reason, "there is no subscriber");
}

CAF_TEST(an actor of another process is refused and told the way out) {
  caf::actor_config config;
  auto elsewhere = caf::make_actor<caf::forwarding_actor_proxy, caf::actor>(
      7, *caf::make_node_id(1, "0123456789ABCDEF0123456789ABCDEF01234567"), &sys, config, caf::actor{});
  auto answer = ask<joined>(join{as_subscriber(elsewhere), {.event_key = "t"}});
  CAF_CHECK(!answer.admitted);
  CAF_CHECK_NOT_EQUAL(answer.reason.find("another process"), std::string::npos);
  CAF_CHECK_NOT_EQUAL(answer.reason.find("cafbus::add_remote_bus"), std::string::npos);
}

CAF_TEST(status shows what is left of the wishes of one that joins) {
  auto wanting = [](std::chrono::nanoseconds block_time) {
    consumer_info result;
    result.event_key = "t";
    result.policy = queue_policy::block;
    result.queue_capacity = 1'000'000'000;
    result.block_time = block_time;
    return result;
  };
  for (auto wish : {0s, 3600s}) {
    subscribers.push_back(sys.spawn(recording_subscriber, std::make_shared<recording>()));
    CAF_CHECK(ask<joined>(join{subscribers.back(), wanting(wish)}).admitted);
  }
  auto consumers = ask<status_response>(read_status{}).consumers;
  CAF_REQUIRE_EQUAL(consumers.size(), 2u);
  CAF_CHECK_EQUAL(consumers[0].queue_capacity, defaults::queue_capacity);
  CAF_CHECK_EQUAL(consumers[0].block_ms, 10'000u);
  CAF_CHECK_EQUAL(consumers[1].block_ms, 60'000u);
}

CAF_TEST(the second one of a key is not the first) {
  add(std::make_shared<recording>(), "t");
  CAF_CHECK(!add(std::make_shared<recording>(), "t").first);
}

CAF_TEST(status says who is there and what became of the events) {
  auto seen = std::make_shared<recording>();
  add(seen, "key", {"t", "u"});
  attach_a_source();
  caf::anon_send(parts.hub, source_status{"feed", source_state::connected, ""});
  publish_events(2, "t");
  publish_events(5, "unwanted");
  auto x = ask<status_response>(read_status{});
  CAF_CHECK_EQUAL(x.state, bus_phase::running);
  CAF_CHECK_EQUAL(x.active_conns, 1);
  CAF_REQUIRE_EQUAL(x.consumers.size(), 1u);
  CAF_CHECK_EQUAL(x.consumers[0].event_key, "key");
  CAF_CHECK_EQUAL(x.consumers[0].delivered, 2u);
  CAF_CHECK_EQUAL(x.counters, (bus_counters{7, 0, 5, 2, 0}));
  CAF_REQUIRE_EQUAL(x.unmatched_types.size(), 1u);
  CAF_CHECK_EQUAL(x.unmatched_types[0], (unmatched_type{"unwanted", 5}));
  CAF_REQUIRE_EQUAL(x.sources.size(), 1u);
  CAF_CHECK_EQUAL(x.sources[0].state, source_state::connected);
  CAF_CHECK(!x.last_event_at.empty());
  CAF_CHECK_EQUAL(laws::conservation(x.counters, x.consumers), "");
}

CAF_TEST(status says until when the certificate of the bus is valid) {
  auto before = ask<status_response>(read_status{});
  CAF_CHECK_EQUAL(before.certificate_expires, "");
  caf::anon_send(parts.bus, certificate_changed{"2026-12-01T00:00:00Z"});
  sched.run();
  auto after = ask<status_response>(read_status{});
  CAF_CHECK_EQUAL(after.certificate_expires, "2026-12-01T00:00:00Z");
}

CAF_TEST(a source is started when attached and stopped with the bus) {
  auto source = attach_a_source();
  CAF_CHECK(source_started);
  stop("now");
  sched.run();
  CAF_CHECK(!alive(source));
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a source that ends for good stops the bus with its reason) {
  auto source = attach_a_source();
  attach_a_listener();
  caf::anon_send(parts.bus, source_ended{"feed", "end of input", false});
  caf::anon_send_exit(source, caf::exit_reason::user_shutdown);
  sched.run();
  CAF_CHECK(!alive(parts.bus));
  CAF_CHECK_EQUAL(end_reason, "source feed ended: end of input");
  CAF_CHECK_EQUAL(listener_said, end_reason);
  CAF_CHECK(!end_failed);
}

CAF_TEST(a source that just dies is a failure) {
  caf::anon_send_exit(attach_a_source(), caf::exit_reason::kill);
  sched.run();
  CAF_CHECK(!alive(parts.bus));
  CAF_CHECK(end_failed);
}

CAF_TEST(without consumers it ends after the idle timeout) {
  pass(30s);
  CAF_CHECK(!alive(parts.bus));
  CAF_CHECK_EQUAL(end_reason, "idle");
}

CAF_TEST(a consumer keeps it running and the time starts when it goes) {
  add(std::make_shared<recording>(), "t");
  pass(100s);
  CAF_CHECK(alive(parts.bus));
  caf::anon_send_exit(subscribers[0], caf::exit_reason::kill);
  pass(29s);
  CAF_CHECK(alive(parts.bus));
  pass(1s);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a listener on which somebody is just coming in puts the idle exit off) {
  attach_a_listener();
  listener_idle = false;
  pass(30s);
  CAF_CHECK(alive(parts.bus));
  listener_idle = true;
  pass(200ms);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a subscriber leaves by the end of its conn and may come again) {
  auto seen = std::make_shared<recording>();
  auto conn = add(seen, "t").conn;
  caf::anon_send_exit(conn, caf::exit_reason::user_shutdown);
  sched.run();
  publish_events(1, "t");
  CAF_CHECK(seen->seqs.empty());
  auto again = ask<joined>(join{subscribers[0], {1, "t", "", {}}, {}});
  CAF_CHECK(again.admitted);
  CAF_CHECK(again.first);
  publish_events(1, "t");
  CAF_CHECK_EQUAL(seen->seqs.size(), 1u);
}

CAF_TEST(several buses in one system know nothing of each other) {
  auto other = spawn_bus(sys, short_idle());
  sched.run();
  auto seen = std::make_shared<recording>();
  add(seen, "t");
  caf::anon_send(other.hub, publish{numbered_batch(3, 0, "t"), 0});
  publish_events(1, "t");
  CAF_CHECK_EQUAL(seen->seqs.size(), 1u);
  caf::anon_send(other.bus, stop_within("now", 2s));
  sched.run();
  CAF_CHECK(!alive(other.bus));
  CAF_CHECK(alive(parts.bus));
}

CAF_TEST(a failing hub stops the bus as a failure) {
  caf::anon_send_exit(parts.hub, caf::exit_reason::kill);
  pass(5s);
  CAF_CHECK(!alive(parts.bus));
  CAF_CHECK(end_failed);
}

CAF_TEST(new limits hold for those who come and for the idle time) {
  auto early = std::make_shared<recording>();
  auto late = std::make_shared<recording>();
  early->stuck = late->stuck = true;
  add(early, "t");
  reconfigure limits{short_idle()};
  limits.queue_capacity = 2;
  limits.idle_timeout = 5s;
  caf::anon_send(parts.bus, limits);
  sched.run();
  add(late, "t");
  publish_events(1, "t"); // in flight
  publish_events(10, "t");
  auto consumers = ask<status_response>(read_status{}).consumers;
  CAF_REQUIRE_EQUAL(consumers.size(), 2u);
  CAF_CHECK_EQUAL(consumers[0].dropped, 0u);
  CAF_CHECK_EQUAL(consumers[1].dropped, 8u);
  for (auto& x : subscribers)
    caf::anon_send_exit(x, caf::exit_reason::kill);
  sched.run();
  pass(5s);
  CAF_CHECK_EQUAL(end_reason, "idle");
}

CAF_TEST_FIXTURE_SCOPE_END()
