// Every seed is one course of a group whose members come, go, die, confirm late and give events back. In full:
//   CAFBUS_SEEDS=5000 build/cafbus_harness_test -n -r 600 -v 3 -s '^testing.group_sharing$'
// One seed again: CAFBUS_SEED=n.

#include "support/batches.hpp"
#include "testing/harness.hpp"
#include "testing/seeds.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <caf/typed_response_promise.hpp>
#include <deque>
#include <iostream>
#include <map>
#include <set>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace cafbus::testing;
using namespace std::chrono_literals;

namespace {

/// What is to go wrong, so that the laws are seen to find it.
enum class planted { nothing, confirms_what_it_has_not_handled, hides_attempts };

/// What one member has seen and done.
struct member_watch {
  struct sighting {
    uint64_t event;
    uint64_t seq;
    uint64_t attempt;
    uint64_t moment; ///< Among all sightings.
  };

  bool ack = true;
  planted bug = planted::nothing;
  uint64_t dies_after = 0; ///< Events, before it has handled the last one; 0: it does not.
  uint64_t refuses = 0;    ///< One in so many events; 0: none.
  std::chrono::nanoseconds pace{0};
  std::vector<sighting> seen;
  std::vector<uint64_t> handled;
  uint64_t told = 0; ///< As lost.
  bool over = false;
};
using member_watch_ptr = std::shared_ptr<member_watch>;

/// Of all members.
struct group_watch {
  std::vector<member_watch_ptr> members;
  uint64_t moments = 0;
};

struct handle_next {};
struct has_joined {
  group_actor group;
};
using watched_member_actor = subscriber_actor::extend<caf::reacts_to<handle_next>, caf::reacts_to<has_joined>>;

struct watched_member_state {
  watched_member_state() = default; // else CAF would make it from the actor
  static inline const char* name = "group-member";
  group_actor group;
  std::deque<member_watch::sighting> work;
};

uint64_t number_of(std::string_view payload) {
  return std::strtoull(std::string{payload.substr(5)}.c_str(), nullptr, 10);
}

void finish_one(watched_member_actor::stateful_pointer<watched_member_state> self, const member_watch_ptr& watch,
                const member_watch::sighting& x) {
  const auto refused = watch->refuses != 0 && (x.event + x.attempt) % watch->refuses == 0;
  if (!refused)
    watch->handled.push_back(x.event);
  if (!watch->ack || watch->bug == planted::confirms_what_it_has_not_handled)
    return;
  if (refused)
    self->send(self->state.group, return_event{self->id(), x.seq, std::chrono::milliseconds{x.event % 3 * 10}});
  else
    self->send(self->state.group, confirm_event{self->id(), x.seq});
}

watched_member_actor::behavior_type watched_member(watched_member_actor::stateful_pointer<watched_member_state> self,
                                                   const member_watch_ptr& watch,
                                                   const std::shared_ptr<group_watch>& all, const bus_actor& bus) {
  self->monitor(bus);
  self->set_down_handler([self](const caf::down_msg& x) { self->quit(x.reason); });
  self->set_error_handler([](caf::error&) {});
  auto take = [self, watch, all](const event_range& range, uint32_t i) {
    const auto attempt = watch->bug == planted::hides_attempts ? 1 : range.attempt;
    const member_watch::sighting x{number_of(range.batch->payload(i)), range.seq + (i - range.first), attempt,
                                   ++all->moments};
    watch->seen.push_back(x);
    self->state.work.push_back(x);
    watch->over = watch->seen.size() == watch->dies_after;
    if (watch->ack && watch->bug == planted::confirms_what_it_has_not_handled)
      self->send(self->state.group, confirm_event{self->id(), x.seq});
  };
  return {[self, watch, take](const delivery& x) -> caf::result<delivered> {
            for (const auto& gap : x.gaps)
              watch->told += gap.count;
            for (const auto& range : x.events)
              for (auto i = range.first; i < range.last && !watch->over; ++i)
                take(range, i);
            if (watch->over)
              self->quit(caf::exit_reason::kill);
            else if (!x.events.empty())
              self->delayed_send(self, watch->pace, handle_next{});
            return delivered{};
          },
          [self, watch](const handle_next&) {
            auto& work = self->state.work;
            if (work.empty())
              return;
            finish_one(self, watch, work.front());
            work.pop_front();
            if (!work.empty())
              self->delayed_send(self, watch->pace, handle_next{});
          },
          [self](const has_joined& x) { self->state.group = x.group; }};
}

struct group_scenario {
  group_scenario(uint64_t seed, planted what) : x{seed}, bug{what} {
    info = {1, "k", "", {"t"}};
    info.group = "g";
    info.tell_gaps = true;
    info.ack = bug != planted::nothing || x.draw(4) != 0;
    if (info.ack)
      info.max_in_flight = static_cast<uint32_t>(1 + x.draw(4));
    if (info.ack)
      info.max_attempts = static_cast<uint32_t>(1 + x.draw(5));
    if (x.draw(3) == 0)
      info.queue_capacity = 1 + x.draw(20);
    x.add_bus("bus");
    last = enter();
    x.run_for(100ms);
  }

  /// The last one stays, handles everything, and so lets the group come to its end.
  member_watch_ptr enter() {
    auto watch = std::make_shared<member_watch>();
    watch->ack = info.ack;
    watch->bug = bug;
    watch->pace = std::chrono::milliseconds{1 + x.draw(30)};
    if (last) {
      watch->dies_after = x.draw(2) == 0 ? 1 + x.draw(6) : 0;
      watch->refuses = x.draw(2) == 0 ? 1 + x.draw(4) : 0;
    }
    auto actor = x.system().spawn(watched_member, watch, all, x.parts(0).bus);
    auto joining = x.system().spawn([=, bus = x.parts(0).bus, who = info](caf::event_based_actor* self) {
      self->request(bus, caf::infinite, join{actor, who})
          .then([=](const joined& y) { caf::anon_send(actor, has_joined{y.group}); }, [](const caf::error&) {});
    });
    all->members.push_back(watch);
    actors.push_back(caf::actor_cast<caf::actor>(actor));
    return watch;
  }

  void publish_some() {
    const auto n = 1 + x.draw(6);
    caf::anon_send(x.parts(0).hub, publish{numbered_batch(n, published, "t"), 0});
    published += n;
  }

  void run() {
    static const char* const held[] = {"hub", "conn", "group", "groups", "group-member"};
    for (size_t i = 0; i < 25; ++i) {
      x.run_for(std::chrono::milliseconds{x.draw(40)});
      switch (x.draw(6)) {
      case 0:
        enter();
        break;
      case 1:
        x.hold(held[x.draw(std::size(held))], std::chrono::milliseconds{x.draw(30)});
        break;
      case 2:
        if (const auto who = x.draw(actors.size()); who != 0) {
          caf::anon_send_exit(actors[who], caf::exit_reason::kill);
          break;
        }
        [[fallthrough]];
      default:
        publish_some();
      }
    }
    x.run_for(1h); // all is handled by then
    check();
    actors.clear();
  }

  // -- the laws ------------------------------------------------------------------------------------------------------

  void fail(const std::string& what) { broken.push_back(what); }

  void check() {
    const auto groups = x.status(0).groups;
    if (groups.size() != 1)
      return fail("there is not one group");
    const auto& g = groups[0];
    if (g.received != published || g.received != g.waiting + g.in_flight + g.done + g.dead + g.lost)
      fail("the group does not account for every event");
    if (g.waiting != 0 || g.in_flight != 0)
      fail("events are left although a member lives");
    std::set<uint64_t> handled;
    uint64_t told = 0;
    for (const auto& watch : all->members) {
      handled.insert(watch->handled.begin(), watch->handled.end());
      told += watch->told;
      check_member(*watch);
    }
    if (info.ack && handled.size() + g.dead + g.lost != published)
      fail(std::to_string(published) + " events came, " + std::to_string(handled.size()) + " were handled, " +
           std::to_string(g.dead) + " are dead, " + std::to_string(g.lost) + " lost");
    if (told > g.lost)
      fail("more was told as lost than was");
    check_attempts();
    dead = g.dead;
    lost = g.lost;
    redelivered = g.redelivered;
  }

  /// What comes for the first time comes in order; numbers grow, by one where nothing was told.
  void check_member(const member_watch& watch) {
    uint64_t seq = 0, holes = 0;
    std::optional<uint64_t> newest;
    for (const auto& y : watch.seen) {
      if (y.seq <= seq)
        fail("a number has come again");
      holes += y.seq - seq - 1;
      seq = y.seq;
      if (y.attempt != 1)
        continue;
      if (newest && *newest >= y.event)
        fail("an event came out of order at one member");
      newest = y.event;
    }
    if (holes > watch.told)
      fail("a hole that no gap tells of");
  }

  void check_attempts() {
    std::map<uint64_t, std::map<uint64_t, uint64_t>> attempts; // of each event, by moment
    for (const auto& watch : all->members)
      for (const auto& y : watch->seen)
        attempts[y.event][y.moment] = y.attempt;
    for (const auto& [event, of_event] : attempts) {
      uint64_t before = 0;
      for (const auto& [moment, attempt] : of_event)
        if (std::exchange(before, attempt) >= attempt)
          fail("event " + std::to_string(event) + " came once more without a mark");
    }
  }

  harness x;
  planted bug;
  consumer_info info;
  std::shared_ptr<group_watch> all = std::make_shared<group_watch>();
  member_watch_ptr last;
  std::vector<caf::actor> actors;
  size_t published = 0;
  std::vector<std::string> broken;
  uint64_t dead = 0, lost = 0, redelivered = 0;
};

/// @returns how many of the first seeds find it.
size_t found_by(planted what, uint64_t seeds) {
  size_t result = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    group_scenario scenario{seed, what};
    scenario.run();
    result += scenario.broken.empty() ? 0 : 1;
  }
  return result;
}

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(handle_next)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(has_joined)

CAF_TEST(in a group each event is handled or told of and comes again only with a mark) {
  const seed_range seeds{200};
  uint64_t events = 0, members = 0, dead = 0, lost = 0, redelivered = 0;
  size_t failed = 0;
  for (auto seed = seeds.first; seed <= seeds.last && failed < 10; ++seed) {
    group_scenario scenario{seed, planted::nothing};
    scenario.run();
    events += scenario.published;
    members += scenario.all->members.size();
    dead += scenario.dead;
    lost += scenario.lost;
    redelivered += scenario.redelivered;
    for (const auto& what : scenario.broken)
      CAF_ERROR("CAFBUS_SEED=" << seed << ": " << what);
    for (const auto& what : scenario.x.broken())
      CAF_ERROR("CAFBUS_SEED=" << seed << ": " << what);
    failed += scenario.broken.empty() ? 0 : 1;
  }
  std::cout << seeds.size() << " seeds, " << members << " members, " << events << " events, " << redelivered
            << " given out once more, " << dead << " dead, " << lost << " lost\n";
  if (seeds.is_one)
    return;
  CAF_CHECK(events > 20 * seeds.size()); // a scenario in which nothing happens would pass as well
  CAF_CHECK(members > 3 * seeds.size());
  CAF_CHECK(redelivered > seeds.size());
  CAF_CHECK(dead > seeds.size() / 10);
  CAF_CHECK(lost > seeds.size() / 10);
}

CAF_TEST(a member that confirms what it has not handled is found) {
  CAF_CHECK(found_by(planted::confirms_what_it_has_not_handled, 20) > 5);
}

CAF_TEST(an event that comes again without its mark is found) {
  CAF_CHECK(found_by(planted::hides_attempts, 20) > 5);
}
