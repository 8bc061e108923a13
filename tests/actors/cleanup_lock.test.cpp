#include "actors/cleanup_lock.hpp"

#include "support/fixtures.hpp"
#include "support/recording_subscriber.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <optional>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

/// Nobody brings a hook in here; hooks.test.cpp is about those.
hook_cancel no_hooks(const hook_run&, const cleanup_lock_actor&) {
  CAF_FAIL("a hook was started");
  return [](std::chrono::nanoseconds) {};
}

struct fixture : test_coordinator_fixture<> {
  cleanup_lock_actor testee = sys.spawn(cleanup_lock, cleanup_limits{3s, 30s, 30s, 1}, no_hooks);
  std::vector<caf::strong_actor_ptr> members;

  fixture() {
    for (int i = 0; i < 4; ++i)
      members.push_back(
          caf::actor_cast<caf::strong_actor_ptr>(sys.spawn(recording_subscriber, std::make_shared<recording>())));
    sched.run();
  }

  ~fixture() override {
    for (auto& x : members)
      kill(x);
    members.clear();
    auto& state = deref<cleanup_lock_actor::stateful_base<cleanup_lock_state>>(testee).state;
    CAF_CHECK_EQUAL(state.ids.ids(), 0u);
    CAF_CHECK(state.watched.empty());
    caf::anon_send_exit(testee, caf::exit_reason::user_shutdown);
    sched.run();
  }

  void kill(const caf::strong_actor_ptr& x) {
    caf::anon_send_exit(caf::actor_cast<caf::actor>(x), caf::exit_reason::kill);
    sched.run();
  }

  template <class Answer, class Question>
  Answer ask(Question question) {
    Answer result;
    auto request = self->request(testee, caf::infinite, std::move(question));
    sched.run();
    request.receive([&](const Answer& x) { result = x; },
                    [&](const caf::error& e) { CAF_FAIL("no answer: " << sys.render(e)); });
    return result;
  }

  entered come(size_t i, const std::string& id = "a") { return ask<entered>(enter{id, members[i], {}}); }
  bool go(size_t i, const std::string& id = "a") { return ask<left>(leave{id, members[i]}).last; }
  bool lock(size_t i, const std::string& id = "a") { return ask<lock_answer>(try_lock{id, members[i]}).granted; }

  /// An `enter` whose answer may take its time: empty until it is there.
  using answer = std::shared_ptr<std::optional<entered>>;
  answer start_waiting(size_t i, const std::string& id = "a") {
    auto result = std::make_shared<std::optional<entered>>();
    sys.spawn([this, result, i, id](caf::event_based_actor* asker) {
      asker->request(testee, caf::infinite, enter{id, members[i], {}})
          .then([result](const entered& x) { *result = x; },
                [this](const caf::error& e) { CAF_FAIL("no answer: " << sys.render(e)); });
    });
    sched.run();
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cleanup_lock_tests, fixture)

CAF_TEST(the first one in is first and the last one out is last) {
  CAF_CHECK_EQUAL(come(0), (entered{true, true}));
  CAF_CHECK_EQUAL(come(1), (entered{true, false}));
  CAF_CHECK(!go(0));
  CAF_CHECK(go(1));
  CAF_CHECK_EQUAL(come(0), (entered{true, true}));
}

CAF_TEST(leaving without having come and leaving twice say nothing) {
  CAF_CHECK(!go(0));
  come(0);
  CAF_CHECK(!go(1));
  CAF_CHECK(go(0));
  CAF_CHECK(!go(0));
}

CAF_TEST(the lock goes to the only one in and to nobody else) {
  CAF_CHECK(!lock(0));
  come(0);
  come(1);
  CAF_CHECK(!lock(0));
  go(1);
  CAF_CHECK(!lock(1));
  CAF_CHECK(lock(0));
  CAF_CHECK(!lock(0));
}

CAF_TEST(a newcomer waits while the lock is held and is first when its holder leaves) {
  come(0);
  CAF_CHECK(lock(0));
  auto request = start_waiting(1);
  CAF_CHECK(!request->has_value());
  caf::anon_send(testee, leave{"a", members[0]});
  sched.run();
  CAF_REQUIRE(request->has_value());
  CAF_CHECK_EQUAL(**request, (entered{true, true}));
}

CAF_TEST(other ids do not wait) {
  come(0, "a");
  CAF_CHECK(lock(0, "a"));
  CAF_CHECK_EQUAL(come(1, "b"), (entered{true, true}));
}

CAF_TEST(the lock is free when its holder dies) {
  come(0);
  CAF_CHECK(lock(0));
  auto request = start_waiting(1);
  CAF_CHECK(!request->has_value());
  kill(members[0]);
  CAF_REQUIRE(request->has_value());
  CAF_CHECK_EQUAL(**request, (entered{true, true}));
}

CAF_TEST(waiting has a limit) {
  come(0);
  CAF_CHECK(lock(0));
  auto request = start_waiting(1);
  advance_time(3s - 1ms);
  sched.run();
  CAF_CHECK(!request->has_value());
  advance_time(1ms);
  sched.run();
  CAF_REQUIRE(request->has_value());
  CAF_CHECK(!(*request)->admitted);
  CAF_CHECK((*request)->code == reject_code::busy);
  CAF_CHECK(go(0));
}

CAF_TEST(the lease takes a lock away from one who keeps it) {
  come(0);
  CAF_CHECK(lock(0));
  advance_time(30s);
  sched.run();
  CAF_CHECK_EQUAL(come(1), (entered{true, false}));
}

CAF_TEST(a stale lease does not take the next lock away) {
  come(0);
  CAF_CHECK(lock(0));
  advance_time(20s);
  sched.run();
  go(0);
  come(0);
  CAF_CHECK(lock(0));
  advance_time(10s);
  sched.run();
  auto request = start_waiting(1);
  CAF_CHECK(!request->has_value());
  go(0);
  CAF_REQUIRE(request->has_value());
  CAF_CHECK_EQUAL(**request, (entered{true, true}));
}

CAF_TEST(a new lease holds for the locks that come) {
  come(0);
  CAF_CHECK(lock(0));
  reconfigure x;
  x.cleanup_wait = 1h;
  x.cleanup_lease = 10s;
  caf::anon_send(testee, x);
  sched.run();
  auto request = start_waiting(1);
  advance_time(29s);
  sched.run();
  CAF_CHECK(!request->has_value());
  advance_time(1s);
  sched.run();
  CAF_REQUIRE(request->has_value());
  go(0);
  CAF_CHECK(lock(1));
  request = start_waiting(2);
  advance_time(10s);
  sched.run();
  CAF_CHECK(request->has_value());
}

CAF_TEST(one who dies while waiting is not let in) {
  come(0);
  CAF_CHECK(lock(0));
  auto first = start_waiting(1);
  auto second = start_waiting(2);
  kill(members[1]);
  kill(members[0]);
  CAF_CHECK(!first->has_value());
  CAF_REQUIRE(second->has_value());
  CAF_CHECK_EQUAL(**second, (entered{true, true}));
}

CAF_TEST(one who is dead already when it comes is out again at once) {
  kill(members[0]);
  come(0);
  CAF_CHECK_EQUAL(come(1), (entered{true, true}));
}

CAF_TEST(two hundred comings and goings have one first and one last) {
  std::vector<caf::strong_actor_ptr> crowd;
  int firsts = 0;
  int lasts = 0;
  for (int i = 0; i < 200; ++i) {
    crowd.push_back(
        caf::actor_cast<caf::strong_actor_ptr>(sys.spawn(recording_subscriber, std::make_shared<recording>())));
    firsts += ask<entered>(enter{"a", crowd.back(), {}}).first ? 1 : 0;
  }
  for (auto& x : crowd)
    lasts += ask<left>(leave{"a", x}).last ? 1 : 0;
  for (auto& x : crowd)
    kill(x);
  CAF_CHECK_EQUAL(firsts, 1);
  CAF_CHECK_EQUAL(lasts, 1);
}

CAF_TEST(one who wants to be the only one is refused while another is in and keeps others out) {
  come(0);
  auto alone = ask<entered>(enter{"a", members[1], {}, true, 42});
  CAF_CHECK(!alone.admitted);
  CAF_CHECK(alone.code == reject_code::exclusive);
  go(0);
  CAF_CHECK(ask<entered>(enter{"a", members[1], {}, true, 42}).admitted);
  auto second = come(0);
  CAF_CHECK(second.code == reject_code::exclusive);
  CAF_CHECK(second.reason.find("pid 42") != std::string::npos);
  go(1);
  CAF_CHECK(come(0).first);
}

CAF_TEST_FIXTURE_SCOPE_END()
