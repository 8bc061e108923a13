// Bugs of the kinds that people write, each in a few small actors, and how many seeds find them: by lot, and by PCT
// with two depths. The figures stand in tests/testing/HARNESS.md; this prints them:
//   CAFBUS_SEEDS=2000 build/cafbus_harness_test -n -v 3 -r 400 -s '^testing.pct$'

#include "testing/harness.hpp"

#include <array>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <cstdlib>
#include <functional>
#include <iomanip>
#include <iostream>

#include <caf/test/dsl.hpp>

using namespace cafbus::testing;

namespace {

/// What the small actors say to each other.
struct word {
  int what = 0;
  int value = 0;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(word)

namespace {

/// A few actors that are functions, and share what they capture.
class small_program {
public:
  using handler = std::function<void(const word&)>;

  explicit small_program(harness& x) : x_{x} {}

  caf::actor add(handler f) {
    auto result = x_.system().spawn([f = std::move(f)](caf::event_based_actor*) -> caf::behavior { return {f}; });
    x_.adopt(result);
    return result;
  }

  static void say(const caf::actor& to, int what, int value = 0) { caf::anon_send(to, word{what, value}); }

  /// An actor behind so many others: what is said to it takes that many turns longer.
  caf::actor behind(size_t hops, caf::actor to) {
    for (size_t i = 0; i < hops; ++i)
      to = add([to](const word& x) { say(to, x.what, x.value); });
    return to;
  }

  /// Actors that have nothing to do with it.
  void add_noise(size_t actors, int words) {
    for (size_t i = 0; i < actors; ++i) {
      auto peer = add([](const word&) {});
      auto talker = std::make_shared<caf::actor>();
      *talker = add([peer, talker](const word& x) {
        say(peer, 0);
        if (x.value > 1)
          say(*talker, 0, x.value - 1);
        else
          *talker = nullptr; // it held itself
      });
      say(*talker, 0, words);
    }
  }

private:
  harness& x_;
};

// -- the bugs; each says "planted" when it has happened ---------------------------------------------------------------

/// Two clients read a number, and write it back increased: one is lost. The second is started late.
void lost_update(harness& x) {
  small_program p{x};
  int store = 0;
  std::array<caf::actor, 2> clients;
  auto account = p.add([&](const word& y) {
    if (y.what == 0)
      small_program::say(clients[static_cast<size_t>(y.value)], 1, store);
    else
      store = y.value;
  });
  for (size_t i = 0; i < clients.size(); ++i)
    clients[i] = p.add([&, i](const word& y) {
      if (y.what == 0)
        small_program::say(account, 0, static_cast<int>(i));
      else
        small_program::say(account, 1, y.value + 1);
    });
  p.add_noise(4, 10);
  small_program::say(clients[0], 0);
  small_program::say(p.behind(6, clients[1]), 0);
  x.settle();
  x.ensure(store == 2, "planted");
}

/// Two ask whether a seat is free, then take it.
void check_then_act(harness& x) {
  small_program p{x};
  int taken = 0;
  std::array<caf::actor, 2> guests;
  auto seat = p.add([&](const word& y) {
    if (y.what == 1)
      ++taken;
    else if (taken == 0)
      small_program::say(guests[static_cast<size_t>(y.value)], 1);
  });
  auto door = p.behind(3, seat); // asking takes a while, taking does not
  for (size_t i = 0; i < guests.size(); ++i)
    guests[i] =
        p.add([&, i](const word& y) { small_program::say(y.what == 0 ? door : seat, y.what, static_cast<int>(i)); });
  p.add_noise(4, 10);
  small_program::say(guests[0], 0);
  small_program::say(p.behind(9, guests[1]), 0);
  x.settle();
  x.ensure(taken == 1, "planted");
}

/// "All done" comes by another way than the work, and closes; it may not overtake.
void overtaking_notice(harness& x) {
  small_program p{x};
  int done = 0, lost = 0;
  auto sink = p.add([&](const word& y) {
    if (y.what == 1)
      done = 1;
    else if (done)
      ++lost;
  });
  auto direct = p.behind(1, sink);
  auto long_way = p.behind(10, sink);
  p.add_noise(4, 10);
  small_program::say(direct, 0);
  small_program::say(long_way, 1);
  x.settle();
  x.ensure(lost == 0, "planted");
}

/// A reader fills a cache with what was true before a writer changed it and cleared the cache.
void stale_cache(harness& x) {
  small_program p{x};
  int stored = 1, cached = 0;
  caf::actor reader;
  auto cache = p.add([&](const word& y) { cached = y.value; });
  auto base = p.add([&](const word& y) {
    if (y.what == 0)
      return small_program::say(reader, 1, stored);
    stored = y.value;
    small_program::say(cache, 0, 0);
  });
  reader = p.add([&](const word& y) {
    if (y.what == 0)
      small_program::say(base, 0);
    else
      small_program::say(cache, 0, y.value);
  });
  p.add_noise(4, 10);
  small_program::say(reader, 0);
  small_program::say(p.behind(8, base), 1, 2);
  x.settle();
  x.ensure(cached == 0 || cached == stored, "planted");
}

/// One actor is never waited for: it must get its only turn before three others are done.
void starved_actor(harness& x) {
  small_program p{x};
  int finished = 0;
  auto is_late = false;
  auto others = p.add([&](const word&) { ++finished; });
  auto slow = p.add([&](const word&) { is_late = finished == 3; });
  for (int i = 0; i < 3; ++i)
    small_program::say(p.behind(8, others), 0);
  small_program::say(slow, 0);
  x.settle();
  x.ensure(!is_late, "planted");
}

/// One reads the head of a list; meanwhile another takes two and gives back the first: the head looks the same.
void same_head_again(harness& x) {
  small_program p{x};
  int head = 1, next = 2; // of the first; the second was taken when it is 0
  auto is_broken = false;
  std::array<caf::actor, 2> users;
  auto list = p.add([&](const word& y) {
    if (y.what == 0)
      return small_program::say(users[0], 1, head * 10 + next);
    if (y.what == 1) { // replaces the head, if it is still the one that was read
      is_broken = head == y.value / 10 && next != y.value % 10;
      return;
    }
    head = y.value / 10;
    next = y.value % 10;
  });
  users[0] = p.add([&](const word& y) { small_program::say(list, y.what == 0 ? 0 : 1, y.value); });
  users[1] = p.add([&](const word& y) {
    small_program::say(list, 2, y.what == 0 ? 30 : 10); // both taken; the first given back
    if (y.what == 0)
      small_program::say(users[1], 1);
  });
  p.add_noise(4, 10);
  small_program::say(users[0], 0);
  small_program::say(p.behind(6, users[1]), 0);
  x.settle();
  x.ensure(!is_broken, "planted");
}

/// Three messages, of which each has a longer way than the one before, come in the reverse order.
void reversed_order(harness& x) {
  small_program p{x};
  std::string order;
  auto log = p.add([&](const word& y) { order += static_cast<char>('a' + y.value); });
  for (int i = 0; i < 3; ++i)
    small_program::say(p.behind(1 + 2 * static_cast<size_t>(i), log), 0, i);
  p.add_noise(4, 10);
  x.settle();
  x.ensure(order != "cba", "planted");
}

struct bug {
  const char* name;
  void (*run)(harness&);
};
constexpr std::array bugs{bug{"lost update", lost_update},
                          bug{"check, then act", check_then_act},
                          bug{"overtaking notice", overtaking_notice},
                          bug{"stale cache", stale_cache},
                          bug{"starved actor", starved_actor},
                          bug{"same head again", same_head_again},
                          bug{"reversed order", reversed_order}};

uint64_t turns_of(const bug& x) {
  harness h{1};
  x.run(h);
  return h.record().turns;
}

uint64_t found_in(const bug& x, uint64_t seeds, uint32_t depth, uint64_t turns) {
  uint64_t found = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    harness h{run_plan{.seed = seed, .pct_depth = depth, .pct_turns = turns}};
    x.run(h);
    found += h.broken().empty() ? 0 : 1;
  }
  return found;
}

} // namespace

CAF_TEST(one of the two ways to choose who comes next finds each bug) {
  const auto* many = std::getenv("CAFBUS_SEEDS");
  const auto seeds = many ? std::strtoull(many, nullptr, 10) : 100;
  std::cout << "found in of " << seeds << " seeds: by lot, PCT 2, PCT 3\n";
  for (const auto& x : bugs) {
    const auto turns = turns_of(x);
    std::array<uint64_t, 3> found{};
    for (uint32_t depth : {0, 2, 3})
      found[depth == 0 ? 0 : depth - 1] = found_in(x, seeds, depth, turns);
    std::cout << std::setw(18) << x.name << std::setw(6) << turns << " turns";
    for (auto n : found)
      std::cout << std::setw(7) << n;
    std::cout << '\n';
    CAF_CHECK(found[0] + found[1] + found[2] > 0);
    CAF_CHECK(found[1] + found[2] > 0 || seeds < 100);
  }
}

CAF_TEST(a run by priorities is repeated by its decisions) {
  harness first{run_plan{.seed = 5, .pct_depth = 3, .pct_turns = 100}};
  lost_update(first);
  harness second{first.record().plan};
  lost_update(second);
  CAF_CHECK(first.broken() == second.broken());
  CAF_CHECK(first.record().plan.decisions == second.record().plan.decisions);
  CAF_CHECK_EQUAL(first.steps(), second.steps());
}
