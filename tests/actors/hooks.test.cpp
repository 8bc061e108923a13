// The hooks of a subscription id: the law is that they never overlap, strictly alternate, and that `on_last` runs
// exactly once after the last one is gone, whoever was first and however it died.

#include "support/hooks_fixture.hpp"

using namespace cafbus;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(hooks_tests, hooks_fixture)

CAF_TEST(the first one is let in after its on_first has worked) {
  auto x = come();
  CAF_CHECK_EQUAL(hooks.names(), (names{"on_first"}));
  CAF_CHECK(!x.answer->has_value());
  end_hook(true);
  CAF_CHECK(x.admitted());
  CAF_CHECK((*x.answer)->first);
  kill(x);
  end_hook(true);
}

CAF_TEST(the second one needs no hook) {
  auto x = come();
  end_hook(true);
  auto y = come();
  CAF_CHECK(y.admitted());
  CAF_CHECK(!(*y.answer)->first);
  CAF_CHECK_EQUAL(hooks.names(), (names{"on_first"}));
  kill(x);
  kill(y);
  end_hook(true);
}

CAF_TEST(on_last runs when the last one has gone whoever was first) {
  auto x = come();
  end_hook(true);
  auto y = come();
  kill(x);
  CAF_CHECK_EQUAL(hooks.names(), (names{"on_first"}));
  kill(y);
  CAF_CHECK_EQUAL(hooks.names(), (names{"on_first", "on_last"}));
  end_hook(true);
}

CAF_TEST(a newcomer waits for on_last and then has an on_first of its own) {
  auto x = come();
  end_hook(true);
  kill(x);
  auto y = come();
  CAF_CHECK(!y.answer->has_value());
  end_hook(true);
  CAF_CHECK_EQUAL(hooks.names(), (names{"on_first", "on_last", "on_first"}));
  CAF_CHECK(!y.answer->has_value());
  end_hook(true);
  CAF_CHECK(y.admitted());
  CAF_CHECK((*y.answer)->first);
  kill(y);
  end_hook(true);
}

CAF_TEST(an on_first that fails refuses its consumer with the reason and the next one tries again) {
  auto x = come();
  auto y = come();
  end_hook(false);
  CAF_CHECK(x.refused());
  CAF_CHECK((*x.answer)->code == reject_code::set_up_failed);
  CAF_CHECK((*x.answer)->reason.find("exit status 1; no network") != std::string::npos);
  CAF_CHECK(!y.answer->has_value());
  CAF_CHECK_EQUAL(hooks.names(), (names{"on_first", "on_first"}));
  end_hook(true);
  CAF_CHECK(y.admitted());
  CAF_CHECK((*y.answer)->first);
  kill(x);
  kill(y);
  end_hook(true);
}

CAF_TEST(a failed on_first has no on_last) {
  auto x = come();
  end_hook(false);
  kill(x);
  CAF_CHECK_EQUAL(hooks.names(), (names{"on_first"}));
}

CAF_TEST(a failed on_last does not block the id) {
  auto x = come();
  end_hook(true);
  kill(x);
  end_hook(false);
  auto y = come();
  end_hook(true);
  CAF_CHECK(y.admitted());
  kill(y);
  end_hook(true);
}

CAF_TEST(an on_first whose consumer has died meanwhile has its on_last) {
  auto x = come();
  kill(x);
  CAF_CHECK_EQUAL(hooks.names(), (names{"on_first"}));
  end_hook(true);
  CAF_CHECK_EQUAL(hooks.names(), (names{"on_first", "on_last"}));
  end_hook(true);
}

CAF_TEST(the on_first of one that died serves the one that waits) {
  auto x = come();
  auto y = come({});
  kill(x);
  end_hook(true);
  CAF_CHECK(y.admitted());
  CAF_CHECK((*y.answer)->first);
  kill(y);
  CAF_CHECK_EQUAL(hooks.names(), (names{"on_first", "on_last"}));
  end_hook(true);
}

CAF_TEST(a newcomer waits for a hook no longer than its limit) {
  auto x = come();
  auto y = come();
  advance_time(3s);
  sched.run();
  CAF_CHECK(y.refused());
  CAF_CHECK((*y.answer)->code == reject_code::busy);
  end_hook(true);
  CAF_CHECK(x.admitted());
  kill(x);
  kill(y);
  end_hook(true);
}

CAF_TEST(a hook that takes too long is ended and has failed once it has really ended) {
  auto x = come();
  advance_time(30s);
  sched.run();
  CAF_CHECK(hooks.all[0].cancelled);
  CAF_CHECK(!x.answer->has_value());
  end_hook(false);
  CAF_CHECK(x.refused());
  kill(x);
}

CAF_TEST(other ids do not wait) {
  auto x = come(both, "a");
  auto y = come({}, "b");
  CAF_CHECK(y.admitted());
  kill(x);
  kill(y);
  end_hook(true);
  end_hook(true);
}

CAF_TEST(the end of the coordinator ends the hooks) {
  come();
  caf::anon_send_exit(testee, caf::exit_reason::user_shutdown);
  sched.run();
  CAF_CHECK(hooks.all[0].cancelled);
}

CAF_TEST(finishing is answered when no hook runs any more) {
  auto x = come();
  end_hook(true);
  kill(x);
  bool finished = false;
  sys.spawn([&](caf::event_based_actor* asker) {
    asker->request(testee, caf::infinite, finish_hooks{})
        .then([&](const hooks_finished&) { finished = true; }, [](const caf::error&) {});
  });
  sched.run();
  CAF_CHECK(!finished);
  end_hook(true);
  CAF_CHECK(finished);
}

namespace {

/// One run over a word of steps: 0 and 1 toggle a consumer (come or be killed), 2 and 3 end a hook well or badly.
struct alternation {
  hooks_fixture& bus;
  std::string id;
  std::optional<hooks_fixture::member> members[2];
  std::vector<std::string> turns; // that ran to their end; a failed on_first does not count

  void step(size_t what) {
    if (what < 2) {
      auto& x = members[what];
      if (x) {
        bus.kill(*x);
        x.reset();
      } else {
        x = bus.come(both, id);
      }
    } else {
      end(what == 2);
    }
    check();
  }

  bool end(bool ok) {
    for (auto& x : bus.hooks.all)
      if (!x.ended && x.run.subscription_id == id) {
        if (x.run.command == "on_last" || ok)
          turns.push_back(x.run.command);
        return bus.end_hook(ok, id);
      }
    return false;
  }

  void check() {
    size_t running = 0;
    for (const auto& x : bus.hooks.all)
      running += x.run.subscription_id == id && !x.ended ? 1 : 0;
    if (running > 1)
      CAF_FAIL(id << ": two hooks at once");
    auto inside =
        std::count_if(std::begin(members), std::end(members), [](const auto& x) { return x && x->admitted(); });
    if (inside > 0 && running > 0)
      CAF_FAIL(id << ": a hook runs while somebody is in");
    if (inside > 0 && (turns.empty() || turns.back() != "on_first"))
      CAF_FAIL(id << ": somebody is in without an on_first");
  }

  void finish() {
    for (size_t i = 0; i < 2; ++i)
      if (members[i])
        step(i);
    while (end(true))
      check();
    for (size_t i = 0; i < turns.size(); ++i)
      if (turns[i] != (i % 2 == 0 ? "on_first" : "on_last"))
        CAF_FAIL(id << ": hooks do not alternate");
    if (turns.size() % 2 != 0)
      CAF_FAIL(id << ": an on_first had no on_last");
  }
};

} // namespace

CAF_TEST(hooks alternate whatever happens at any step) {
  constexpr size_t length = 7;
  size_t pairs = 0;
  for (size_t word = 0; word < (1u << (2 * length)); ++word) {
    alternation run{*this, std::to_string(word), {}, {}};
    for (size_t i = 0; i < length; ++i)
      run.step((word >> (2 * i)) & 3);
    run.finish();
    pairs += run.turns.size() / 2;
    hooks.all.clear();
  }
  CAF_CHECK(pairs > 10'000);
  auto& state = deref<cleanup_lock_actor::stateful_base<cleanup_lock_state>>(testee).state;
  CAF_CHECK_EQUAL(state.ids.ids(), 0u);
  CAF_CHECK(!state.ids.has_hooks());
  CAF_CHECK(state.running.empty());
  CAF_CHECK(state.watched.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
