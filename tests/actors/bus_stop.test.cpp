// How a bus stops: in order, within its time, whatever its parts do.

#include "actors/bus.hpp"

#include "support/bus_fixture.hpp"
#include "testing/laws.hpp"

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

/// Needs 100 ms to end.
caf::behavior slow_part(caf::event_based_actor* self) {
  self->set_exit_handler([self](const caf::exit_msg&) { self->delayed_send(self, 100ms, caf::ok_atom::value); });
  return {[self](caf::ok_atom) { self->quit(caf::exit_reason::user_shutdown); }};
}

caf::behavior deaf_part(caf::event_based_actor* self) {
  self->set_exit_handler([](const caf::exit_msg&) {});
  return {[](caf::ok_atom) {}};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(bus_stop_tests, bus_fixture)

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

CAF_TEST(a source that does not stop is ended) {
  auto source = attach_a_source(false);
  stop("now");
  CAF_CHECK(alive(parts.bus));
  pass(2s);
  CAF_CHECK(!alive(source));
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
  subscribers.push_back(sys.spawn(recording_subscriber, seen));
  ask<joined>(join{.subscriber = subscribers.back(), .info = {.event_key = "t"}, .stall_limit = 0s});
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

CAF_TEST(a listener or part that comes while the bus stops is ended) {
  attach_a_source(false);
  stop("now");
  auto late = sys.spawn(scripted_listener, &listener_idle, &listener_said, true);
  caf::anon_send(parts.bus, attach_listener{late});
  auto part = sys.spawn(slow_part);
  caf::anon_send(parts.bus, attach_part{part});
  pass(100ms);
  CAF_CHECK(!alive(late));
  CAF_CHECK(!alive(part));
  pass(2s);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(the bus waits for parts that others have made) {
  auto first = sys.spawn(slow_part);
  auto second = sys.spawn(slow_part);
  bool parts_gone = false;
  caf::actor_cast<caf::abstract_actor*>(parts.bus)->attach_functor(
      [&] { parts_gone = !alive(first) && !alive(second); });
  caf::anon_send(parts.bus, attach_part{first});
  stop("now");
  pass(60ms); // the bus waits for the first
  caf::anon_send(parts.bus, attach_part{second});
  pass(40ms);
  CAF_CHECK(!alive(first));
  CAF_CHECK(alive(parts.bus));
  pass(60ms);
  CAF_CHECK(!alive(parts.bus));
  CAF_CHECK(parts_gone);
}

CAF_TEST(a part that does not end holds the stop up no longer than its limit) {
  auto part = sys.spawn(deaf_part);
  caf::anon_send(parts.bus, attach_part{part});
  stop("now");
  pass(500ms - 1ms);
  CAF_CHECK(alive(parts.bus));
  pass(1ms);
  CAF_CHECK(!alive(parts.bus));
  CAF_CHECK(alive(part));
  caf::anon_send_exit(part, caf::exit_reason::kill);
}

CAF_TEST(a part that ends by itself ends nothing else) {
  auto part = sys.spawn(slow_part);
  caf::anon_send(parts.bus, attach_part{part});
  caf::anon_send_exit(part, caf::exit_reason::kill);
  sched.run();
  CAF_CHECK(!alive(part));
  CAF_CHECK(alive(parts.bus));
  stop("now");
  sched.run();
  CAF_CHECK(!alive(parts.bus));
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

CAF_TEST_FIXTURE_SCOPE_END()
