#include "actors/bus.hpp"

#include "support/batches.hpp"
#include "support/fixtures.hpp"
#include "support/recording_subscriber.hpp"
#include "testing/laws.hpp"

#include <caf/send.hpp>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

source_actor::behavior_type scripted_source(source_actor::pointer self, bool* started, bool obedient) {
  return {[=](const start_source&) { *started = true; },
          [=](const stop_source&) {
            if (obedient)
              self->quit(caf::exit_reason::user_shutdown);
          }};
}

listener_actor::behavior_type scripted_listener(listener_actor::pointer self, bool* idle, std::string* said,
                                                bool obedient) {
  return {[=](const stop_if_idle&) { return idle_verdict{*idle}; },
          [=](const close_listener& x) -> caf::result<listener_closed> {
            *said = x.reason;
            if (obedient)
              return listener_closed{};
            return self->make_response_promise<listener_closed>();
          },
          [](const read_load&) {
            return bus_load{7, 3, 2, true, 0};
          },
          [](const reconfigure&) {}};
}

bus_options short_idle() {
  bus_options result;
  result.idle_timeout = 30s;
  result.drain_timeout = 2s;
  return result;
}

struct fixture : test_coordinator_fixture<> {
  bus_parts parts = spawn_bus(sys, short_idle());
  std::string end_reason;
  bool end_failed = false;
  std::vector<recording_actor> subscribers;
  bool source_started = false;
  bool listener_idle = true;
  std::string listener_said;

  fixture() {
    caf::actor_cast<caf::abstract_actor*>(parts.bus)->attach_functor([this](const caf::error& x) {
      if (x.context().match_elements<std::string>())
        end_reason = x.context().get_as<std::string>(0);
      end_failed = x != caf::exit_reason::user_shutdown;
    });
    sched.run();
  }

  ~fixture() override {
    for (auto& x : subscribers)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    if (alive(parts.bus))
      stop("test ends");
    pass(5s);
    CAF_CHECK(!alive(parts.bus));
    CAF_CHECK(!alive(parts.hub));
    CAF_CHECK(!alive(parts.lock));
  }

  void pass(caf::timespan time) {
    sched.run();
    advance_time(time);
    sched.run();
  }

  /// In small steps, so that each timer is followed by what comes of it at its time.
  void pass_steadily(caf::timespan time) {
    for (caf::timespan step = 10ms; time.count() > 0; time -= step)
      pass(step);
  }

  template <class Answer, class Question>
  Answer ask(Question question) {
    Answer result;
    auto request = self->request(parts.bus, caf::infinite, std::move(question));
    sched.run();
    request.receive([&](Answer& x) { result = std::move(x); },
                    [&](const caf::error& e) { CAF_FAIL("no answer: " << sys.render(e)); });
    return result;
  }

  joined add(std::shared_ptr<recording> seen, const std::string& key, std::vector<std::string> types = {}) {
    subscribers.push_back(sys.spawn(recording_subscriber, seen));
    return ask<joined>(join{subscribers.back(), {1, key, "", std::move(types)}});
  }

  void publish_events(size_t n, const std::string& type) {
    caf::anon_send(parts.hub, publish{numbered_batch(n, 0, type), 0});
    sched.run();
  }

  stop_verdict stop(const std::string& reason, bool force = true) { return ask<stop_verdict>(stop_bus{reason, force}); }

  /// A stop of two seconds for everything.
  void stop_bounded() {
    caf::anon_send(parts.bus, stop_within("now", 2s));
    sched.run();
  }

  source_actor attach_a_source(bool obedient = true) {
    auto result = sys.spawn(scripted_source, &source_started, obedient);
    caf::anon_send(parts.bus, attach_source{"feed", result});
    sched.run();
    return result;
  }

  void attach_a_listener(bool obedient = true) {
    caf::anon_send(parts.bus, attach_listener{sys.spawn(scripted_listener, &listener_idle, &listener_said, obedient)});
    sched.run();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(bus_tests, fixture)

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

CAF_TEST(a stop without force is refused while a consumer is there and names it) {
  add(std::make_shared<recording>(), "some.key");
  auto verdict = stop("please", false);
  CAF_CHECK(!verdict.accepted);
  CAF_CHECK(verdict.message.find("1 consumer is connected: pid 1 (some.key)") != std::string::npos);
  CAF_CHECK(alive(parts.bus));
}

CAF_TEST(a stop without force is taken when nobody is there) {
  CAF_CHECK(stop("please", false).accepted);
  sched.run();
  CAF_CHECK(!alive(parts.bus));
  CAF_CHECK_EQUAL(end_reason, "please");
  CAF_CHECK(!end_failed);
}

CAF_TEST(a stop hands out what is queued first) {
  auto seen = std::make_shared<recording>();
  add(seen, "t");
  seen->stuck = true;
  publish_events(1, "t");
  publish_events(4, "t");
  stop("now");
  CAF_CHECK(alive(parts.bus));
  caf::anon_send(subscribers[0], release_credit{});
  sched.run();
  CAF_CHECK_EQUAL(seen->seqs.size(), 5u);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a subscriber that is stuck holds the stop up no longer than the drain timeout) {
  auto seen = std::make_shared<recording>();
  add(seen, "t");
  seen->stuck = true;
  publish_events(1, "t");
  stop("now");
  pass(2s - 1ms);
  CAF_CHECK(alive(parts.bus));
  pass(1ms);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a source is started when attached and stopped with the bus) {
  auto source = attach_a_source();
  CAF_CHECK(source_started);
  stop("now");
  sched.run();
  CAF_CHECK(!alive(source));
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a source that does not stop is ended) {
  auto source = attach_a_source(false);
  stop("now");
  CAF_CHECK(alive(parts.bus));
  pass(2s);
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

CAF_TEST(a listener that does not answer holds the stop up no longer than its limit) {
  attach_a_listener(false);
  stop("now");
  pass(2500ms);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a bounded stop ends in time whatever everybody does) {
  auto seen = std::make_shared<recording>();
  add(seen, "t");
  seen->stuck = true;
  publish_events(1, "t");
  auto source = attach_a_source(false);
  attach_a_listener(false);
  stop_bounded();
  CAF_CHECK(alive(source));
  pass_steadily(2s);
  CAF_CHECK(!alive(parts.bus));
  CAF_CHECK(!alive(source));
  CAF_CHECK(alive(subscribers[0]));
}

CAF_TEST(a bound also holds for a stop that goes on already) {
  auto seen = std::make_shared<recording>();
  add(seen, "t");
  seen->stuck = true;
  publish_events(1, "t");
  stop_bus patient{"first"};
  patient.drain_timeout = 1h;
  CAF_CHECK(ask<stop_verdict>(patient).accepted);
  pass(60s);
  CAF_CHECK(alive(parts.bus));
  stop_bounded();
  CAF_CHECK(alive(parts.bus));
  pass_steadily(2s);
  CAF_CHECK(!alive(parts.bus));
  CAF_CHECK_EQUAL(end_reason, "first");
}

CAF_TEST(the bus ends after its parts) {
  auto seen = std::make_shared<recording>();
  auto conn = add(seen, "t").conn;
  bool parts_gone = false;
  caf::actor_cast<caf::abstract_actor*>(parts.bus)->attach_functor(
      [&] { parts_gone = !alive(parts.hub) && !alive(parts.lock) && !alive(conn); });
  stop("now");
  sched.run();
  CAF_CHECK(parts_gone);
}

CAF_TEST(a bus that is killed takes its parts with it) {
  auto seen = std::make_shared<recording>();
  auto conn = add(seen, "t").conn;
  auto source = attach_a_source();
  caf::actor_cast<caf::abstract_actor*>(parts.bus)->attach_functor(
      [this](const caf::error&) { end_reason = "killed"; });
  caf::anon_send_exit(parts.bus, caf::exit_reason::kill);
  sched.run();
  CAF_CHECK(!alive(parts.hub));
  CAF_CHECK(!alive(parts.lock));
  CAF_CHECK(!alive(conn));
  CAF_CHECK(!alive(source));
}

CAF_TEST(who asks for the status of a bus that ends meanwhile is told so) {
  caf::error answer;
  caf::anon_send_exit(parts.hub, caf::exit_reason::kill); // answers nothing
  sched.run_once();
  auto question = self->request(parts.bus, caf::infinite, read_status{});
  caf::anon_send(parts.bus, stop_within("now", 2s));
  pass(2s);
  question.receive([](const status_response&) { CAF_FAIL("a status of a dead bus"); },
                   [&](const caf::error& e) { answer = e; });
  CAF_CHECK(answer);
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

CAF_TEST(nobody is let in while the bus stops) {
  auto seen = std::make_shared<recording>();
  add(seen, "t");
  seen->stuck = true;
  publish_events(1, "t");
  stop("now");
  auto late = add(std::make_shared<recording>(), "t");
  CAF_CHECK(!late.admitted);
  CAF_CHECK(late.reason.find("stopping") != std::string::npos);
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

CAF_TEST(a stop request that comes while it stops is taken) {
  auto seen = std::make_shared<recording>();
  add(seen, "t");
  seen->stuck = true;
  publish_events(1, "t");
  CAF_CHECK(stop("one").accepted);
  CAF_CHECK(stop("two", false).accepted);
  pass(3s);
  CAF_CHECK_EQUAL(end_reason, "one");
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
