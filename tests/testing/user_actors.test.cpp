// What others test with the harness: actors of their own beside a bus.

#include "messages/event_encoder.hpp"
#include "testing/harness.hpp"

#include <algorithm>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace cafbus::testing;
using namespace std::chrono_literals;

namespace {

struct ball {};
struct tick {};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ball)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tick)

namespace {

struct ledger {
  uint64_t seen = 0;
  uint64_t published = 0;
};

/// A subscriber as a user writes it.
subscriber_actor::behavior_type bookkeeper(subscriber_actor::pointer, const std::shared_ptr<ledger>& to) {
  return {[to](const delivery& x) {
    for (const auto& range : x.events)
      to->seen += range.size();
    return delivered{};
  }};
}

/// A source that nobody attaches: publishes one event for each `tick`.
caf::behavior teller(caf::event_based_actor* self, const hub_actor& hub, const std::shared_ptr<ledger>& to) {
  return {[self, hub, to](tick) {
    event_encoder encoder;
    encoder.add({.event_type = "cash", .payload = "1"});
    ++to->published;
    self->request(hub, caf::infinite, publish{encoder.finish(), 0})
        .then([self](const published&) { self->delayed_send(self, 50ms, tick{}); }, [](const caf::error&) {});
  }};
}

/// One bus beside another; at the far one a subscriber of the user's, at the near one a source.
struct bank {
  explicit bank(bool is_adopted) {
    auto near = x.add_bus("near");
    auto far = x.add_bus("far");
    x.add_link(near, far);
    x.add_consumer("auditor", far, {.types = {"cash"}});
    auto subscriber = x.system().spawn(bookkeeper, books);
    auto source = x.system().spawn(teller, x.parts(near).hub, books);
    caf::anon_send(x.parts(far).bus, join{subscriber, {.event_key = "cash", .event_types = {"cash"}}, {}, {}});
    x.run_for(1s);
    x.expect_exact_losses();
    caf::anon_send(source, tick{});
    x.run_for(3s);
    if (is_adopted) {
      x.adopt(subscriber, "bookkeeper");
      x.adopt(source, "teller");
    }
    others = {caf::actor_cast<caf::actor>(subscriber), source};
  }
  ~bank() {
    for (const auto& y : others)
      caf::anon_send_exit(y, caf::exit_reason::kill);
  }

  std::shared_ptr<ledger> books = std::make_shared<ledger>();
  harness x{1};
  std::vector<caf::actor> others;
};

caf::behavior player(caf::event_based_actor* self, const caf::actor& other) {
  return {
      [self, other](ball) { self->send(other ? other : caf::actor_cast<caf::actor>(self->current_sender()), ball{}); }};
}

bool any_has(const std::vector<std::string>& lines, std::string_view part) {
  return std::ranges::any_of(lines, [part](const auto& x) { return x.find(part) != std::string::npos; });
}

} // namespace

CAF_TEST(a subscriber and a source of the test break no law by being there) {
  for (auto is_adopted : {false, true}) {
    bank scenario{is_adopted};
    scenario.x.finish();
    for (const auto& what : scenario.x.broken())
      CAF_ERROR(what);
    CAF_CHECK(scenario.books->seen > 10);
  }
}

CAF_TEST(a law of the test is asked after each message and told once) {
  bank scenario{true};
  scenario.x.add_law("nobody gets rich", [&] { return scenario.books->seen < 150; });
  scenario.x.add_law("nobody gets what was not published",
                     [&] { return scenario.books->seen <= scenario.books->published; });
  scenario.x.run_for(1min);
  CAF_REQUIRE_EQUAL(scenario.x.broken().size(), 1u);
  CAF_CHECK(scenario.x.broken().front().ends_with("law nobody gets rich is broken"));
}

CAF_TEST(what is to come eventually is awaited in virtual time) {
  bank scenario{true};
  auto before = scenario.x.now();
  CAF_CHECK(scenario.x.eventually([&] { return scenario.books->seen >= 200; }, 1min, "two hundred"));
  CAF_CHECK(scenario.x.now() - before < 15s);
  CAF_CHECK(scenario.books->seen < 205);
  CAF_CHECK(!scenario.x.eventually([] { return false; }, 2s, "a miracle"));
  CAF_CHECK(any_has(scenario.x.broken(), "a miracle: not within 2000 ms"));
}

CAF_TEST(the trace has notes and the messages that the filter lets through) {
  bank scenario{true};
  scenario.x.trace_as({.events = false, .messages = true, .filter = [](const traced_message& y) {
                         return y.from.starts_with("teller#") || y.to.starts_with("bookkeeper#");
                       }});
  scenario.x.note("here it begins");
  scenario.x.run_for(500ms);
  const auto trace = scenario.x.trace();
  auto begin = trace.find("note here it begins\n");
  CAF_REQUIRE(begin != std::string::npos);
  CAF_CHECK(trace.find("from=teller#", begin) != std::string::npos);
  CAF_CHECK(trace.find("cafbus::publish", begin) != std::string::npos);
  CAF_CHECK(trace.find("cafbus::delivery", begin) != std::string::npos);
  CAF_CHECK(trace.find("from=hub#", begin) == std::string::npos ||
            trace.find("to=bookkeeper#", begin) != std::string::npos);
  CAF_CHECK(trace.find("event bus=", begin) == std::string::npos);
}

CAF_TEST(the trace keeps the newest lines within its bound and can be off) {
  harness x{1};
  x.trace_as({.capacity = 1000});
  for (size_t i = 0; i < 1000; ++i)
    x.note(std::to_string(i));
  const auto trace = x.trace();
  CAF_CHECK(trace.size() <= 1000 + 40);
  CAF_CHECK(trace.starts_with("... 95")); // of 21 bytes each, 47 stay
  CAF_CHECK(trace.ends_with("note 999\n"));
  x.trace_as({.capacity = 0});
  x.note("unheard");
  CAF_CHECK(x.trace().find("unheard") == std::string::npos);
}

CAF_TEST(a talk without end is told as such and who talks) {
  harness x{1};
  x.step_limit(10'000);
  auto one = x.system().spawn(player, caf::actor{});
  auto other = x.system().spawn(player, one);
  x.adopt(one, "one");
  x.adopt(other, "other");
  caf::anon_send(other, ball{});
  x.run_for(1s);
  CAF_REQUIRE_EQUAL(x.broken().size(), 1u);
  CAF_CHECK(any_has(x.broken(), "no rest: 10000 messages"));
  CAF_CHECK(any_has(x.broken(), "now for one#") || any_has(x.broken(), "now for other#"));
}

CAF_TEST(a link may be cut for days) {
  constexpr auto days = 24h * 3; // more than 300,000 messages in one call, which once were too many
  harness x{1};
  auto a = x.add_bus("a");
  auto b = x.add_bus("b");
  auto link = x.add_link(a, b);
  x.add_consumer("far", b, {.types = {"t"}});
  x.run_for(1s);
  x.cut(link);
  x.run_for(days);
  x.heal(link);
  x.add_source("s", a, {.types = {"t"}});
  x.finish();
  for (const auto& what : x.broken())
    CAF_ERROR(what);
  CAF_CHECK(x.now() > days);
}

CAF_TEST(many messages in a row are no talk without end) {
  constexpr uint64_t messages = 400'000; // once 300,000 were too many
  harness x{1};
  uint64_t left = messages;
  auto counter = x.system().spawn([&left](caf::event_based_actor* self) -> caf::behavior {
    return {[&left, self](ball) {
      if (--left > 0)
        self->send(self, ball{});
    }};
  });
  x.adopt(counter);
  caf::anon_send(counter, ball{});
  x.settle();
  CAF_CHECK_EQUAL(x.steps(), messages);
  CAF_CHECK_EQUAL(left, 0u);
  CAF_CHECK(x.broken().empty());
}
