#include "actors/subscriptions.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

using phase = subscriptions::phase;

struct fixture {
  subscriptions testee{16};
  uint64_t asked = 0;

  /// @returns whether it was first; nothing if it was not let in at once.
  std::optional<bool> enter(const std::string& id, uint64_t who, hook_commands hooks = {}) {
    testee.enter(id, {++asked, who, std::move(hooks)});
    for (const auto& x : testee.take().answers)
      if (x.ticket == asked && x.how.admitted)
        return x.how.first;
    return std::nullopt;
  }

  std::vector<subscriptions::answer> answers() { return testee.take().answers; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(subscriptions_tests, fixture)

CAF_TEST(the first one in is first and the last one out is last) {
  CAF_CHECK(enter("a", 1) == true);
  CAF_CHECK(enter("a", 2) == false);
  CAF_CHECK(enter("b", 3) == true);
  CAF_CHECK(!testee.leave("a", 1));
  CAF_CHECK(testee.leave("a", 2));
  CAF_CHECK(testee.leave("b", 3));
  CAF_CHECK_EQUAL(testee.ids(), 0u);
}

CAF_TEST(of two hundred that enter one is first and of two hundred that leave one is last) {
  int firsts = 0;
  int lasts = 0;
  for (uint64_t i = 0; i < 200; ++i)
    firsts += enter("a", i) == true ? 1 : 0;
  for (uint64_t i = 200; i-- > 0;)
    lasts += testee.leave("a", i) ? 1 : 0;
  CAF_CHECK_EQUAL(firsts, 1);
  CAF_CHECK_EQUAL(lasts, 1);
  CAF_CHECK_EQUAL(testee.ids(), 0u);
}

CAF_TEST(one who never came does not leave as the last) {
  enter("a", 1);
  CAF_CHECK(!testee.leave("a", 2));
  CAF_CHECK(!testee.leave("b", 2));
  CAF_CHECK(testee.leave("a", 1));
  CAF_CHECK(!testee.leave("a", 1));
}

CAF_TEST(entering twice counts once) {
  CAF_CHECK(enter("a", 1) == true);
  CAF_CHECK(enter("a", 1) == true);
  CAF_CHECK(testee.leave("a", 1));
  CAF_CHECK(!testee.knows(1));
}

CAF_TEST(the lock goes to the only one in and to nobody else) {
  CAF_CHECK_EQUAL(testee.try_lock("a", 1), 0u);
  enter("a", 1);
  enter("a", 2);
  enter("b", 3);
  CAF_CHECK_EQUAL(testee.try_lock("a", 1), 0u);
  CAF_CHECK_EQUAL(testee.try_lock("b", 1), 0u);
  testee.leave("a", 2);
  CAF_CHECK(testee.try_lock("a", 1) != 0);
  CAF_CHECK(testee.phase_of("a") == phase::locked);
  CAF_CHECK_EQUAL(testee.try_lock("a", 1), 0u);
}

CAF_TEST(leaving opens the own lock and only that) {
  enter("a", 1);
  testee.try_lock("a", 1);
  enter("b", 2);
  testee.leave("b", 2);
  CAF_CHECK(testee.phase_of("a") == phase::locked);
  testee.leave("a", 1);
  CAF_CHECK(testee.phase_of("a") == phase::open);
}

CAF_TEST(a lease opens its own lock and no later one) {
  enter("a", 1);
  auto first = testee.try_lock("a", 1);
  CAF_CHECK(testee.lease_over("a", first));
  CAF_CHECK(!testee.lease_over("a", first));
  CAF_CHECK(testee.try_lock("a", 1) != first);
  CAF_CHECK(!testee.lease_over("a", first));
}

CAF_TEST(whoever waits for a lock is let in when it opens) {
  enter("a", 1);
  auto lease = testee.try_lock("a", 1);
  CAF_CHECK(!enter("a", 2));
  CAF_CHECK(!enter("a", 3));
  testee.lease_over("a", lease);
  CAF_CHECK_EQUAL(answers().size(), 2u);
}

CAF_TEST(a hook is asked for with the place that its consumer has named) {
  hook_commands hooks{"up", "down", {{"A", "1"}}, "/srv", 022};
  testee.set_max_hooks(1);
  testee.enter("a", {1, 1, hooks});
  testee.enter("b", {2, 2, hooks});
  auto todo = testee.take();
  CAF_REQUIRE_EQUAL(todo.hooks.size(), 1u);
  const auto& run = todo.hooks.front();
  CAF_CHECK_EQUAL(run.command, "up");
  CAF_CHECK(run.context.environment == std::vector<std::string>{"A=1"});
  CAF_CHECK_EQUAL(run.context.folder, "/srv");
  CAF_CHECK(run.context.umask == mode_t{022});
  CAF_CHECK(testee.phase_of("b") == phase::setting_up);
}

CAF_TEST(a hook that was not asked for has not ended) {
  enter("a", 1);
  auto lease = testee.try_lock("a", 1);
  CAF_CHECK(!testee.hook_ended({"a", lease, true, {}, 0}));
  CAF_CHECK(!testee.hook_ended({"b", 1, true, {}, 0}));
  CAF_CHECK(testee.phase_of("a") == phase::locked);
}

CAF_TEST(whoever is neither in nor waiting is forgotten once) {
  enter("a", 1);
  enter("b", 1);
  testee.leave("a", 1);
  CAF_CHECK(testee.take().forgotten.empty());
  testee.gone(1);
  CAF_CHECK(testee.take().forgotten == std::vector<uint64_t>{1});
  CAF_CHECK_EQUAL(testee.ids(), 0u);
}

CAF_TEST(ids whose hook is still to come are known) {
  enter("a", 1, {"", "down", {}, {}, {}});
  enter("b", 2);
  CAF_CHECK(testee.waiting_for_on_last() == std::vector<std::string>{"a"});
}

CAF_TEST_FIXTURE_SCOPE_END()
