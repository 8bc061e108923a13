// How many hooks run at once, and how they end with the bus.

#include "support/hooks_fixture.hpp"

using namespace cafbus;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(hook_turns_tests, hooks_fixture)

CAF_TEST(a stop that is out of time ends the hooks that run and starts no more) {
  auto x = come(both, "a");
  end_hook(true, "a");
  auto y = come(both, "b");
  auto waiter = come(both, "b");
  bool finished = false;
  auto asker = sys.spawn([&](caf::event_based_actor* self) {
    self->request(testee, caf::infinite, finish_hooks{}).then([&](const hooks_finished&) { finished = true; });
  });
  sched.run();
  caf::anon_send(testee, cancel_hooks{1ms});
  sched.run();
  CAF_CHECK_EQUAL(hooks.names(), (names{"on_first", "on_first"}));
  CAF_CHECK(hooks.all[1].cancelled);
  CAF_CHECK(!finished);
  end_hook(false, "b");
  CAF_CHECK(finished);
  CAF_CHECK(y.refused());
  CAF_CHECK(waiter.refused());
  kill(x);
  CAF_CHECK_EQUAL(hooks.names(), (names{"on_first", "on_first"}));
}

CAF_TEST(beyond the limit a hook waits for its turn and on_last comes first) {
  auto a = come(both, "a");
  end_hook(true, "a");
  auto b = come(both, "b");
  auto c = come(both, "c");
  auto d = come(both, "d");
  kill(a);
  CAF_CHECK_EQUAL(hooks.all.size(), 3u);
  hook_counts counts;
  sys.spawn([&](caf::event_based_actor* self) {
    self->request(testee, caf::infinite, read_hooks{}).then([&](const hook_counts& x) { counts = x; });
  });
  sched.run();
  CAF_CHECK_EQUAL(counts, (hook_counts{2, 2}));
  end_hook(true, "b");
  CAF_REQUIRE_EQUAL(hooks.all.size(), 4u);
  CAF_CHECK_EQUAL(hooks.all.back().run.command, "on_last");
  end_hook(true, "c");
  CAF_REQUIRE_EQUAL(hooks.all.size(), 5u);
  CAF_CHECK_EQUAL(hooks.all.back().run.subscription_id, "d");
  for (const auto& x : {b, c, d})
    kill(x);
  for (const auto* id : {"a", "d", "b", "c", "d"})
    end_hook(true, id);
  auto& state = deref<cleanup_lock_actor::stateful_base<cleanup_lock_state>>(testee).state;
  CAF_CHECK_EQUAL(state.ids.ids(), 0u);
}

CAF_TEST(one whose hook does not get its turn in time is refused as busy) {
  auto a = come(both, "a");
  auto b = come(both, "b");
  auto c = come(both, "c");
  CAF_CHECK_EQUAL(hooks.all.size(), 2u);
  advance_time(3s);
  sched.run();
  CAF_REQUIRE(c.refused());
  CAF_CHECK((*c.answer)->code == reject_code::busy);
  CAF_CHECK((*c.answer)->reason.find("max-hooks") != std::string::npos);
  CAF_CHECK(!a.answer->has_value());
  for (const auto* id : {"a", "b"})
    end_hook(false, id);
  CAF_CHECK_EQUAL(hooks.all.size(), 2u);
}

CAF_TEST(one that dies before its hook has its turn costs no hook) {
  auto a = come(both, "a");
  auto b = come(both, "b");
  auto c = come(both, "c");
  kill(c);
  for (const auto* id : {"a", "b"})
    end_hook(false, id);
  CAF_CHECK_EQUAL(hooks.all.size(), 2u);
}

CAF_TEST(what on_first has left has a turn of on_last without a command) {
  auto x = come({"on_first", "", {}, {}, {}});
  hooks.all[0].ended = true;
  caf::anon_send(testee, hook_done{"a", hooks.all[0].run.ticket, true, "exit status 0", 1});
  sched.run();
  CAF_CHECK(x.admitted());
  kill(x);
  CAF_REQUIRE_EQUAL(hooks.all.size(), 2u);
  CAF_CHECK(hooks.all[1].run.hook == hook_kind::on_last);
  CAF_CHECK_EQUAL(hooks.all[1].run.command, "");
  auto y = come({});
  CAF_CHECK(!y.answer->has_value());
  end_hook(true);
  CAF_CHECK(y.admitted());
}

CAF_TEST_FIXTURE_SCOPE_END()
