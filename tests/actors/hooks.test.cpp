// Set-up and clean-up of a subscription id: the law is that they never overlap, strictly alternate, and that the
// clean-up runs exactly once after the last one is gone, whoever was first and however it died.

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

const hook_commands both{"set-up", "clean-up"};

/// Commands that run until the test says that they have ended.
struct scripted_commands {
  struct started {
    hook_run run;
    bool cancelled = false;
    bool ended = false;
  };
  std::deque<started> all;

  hook_cancel launch(const hook_run& x, const cleanup_lock_actor&) {
    auto& entry = all.emplace_back(started{x});
    return [&entry](std::chrono::nanoseconds) { entry.cancelled = true; };
  }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& x : all)
      result.push_back(x.run.command);
    return result;
  }
};

struct fixture : test_coordinator_fixture<> {
  scripted_commands commands;
  cleanup_lock_actor testee = sys.spawn(cleanup_lock, 3s, 30s, [this](const hook_run& x, const cleanup_lock_actor& to) {
    return commands.launch(x, to);
  });

  ~fixture() override {
    caf::anon_send_exit(testee, caf::exit_reason::user_shutdown);
    sched.run();
  }

  struct member {
    caf::strong_actor_ptr actor;
    std::shared_ptr<std::optional<entered>> answer = std::make_shared<std::optional<entered>>();
    bool admitted() const { return answer->has_value() && (*answer)->admitted; }
    bool refused() const { return answer->has_value() && !(*answer)->admitted; }
  };

  /// One that asks to be let in, with an actor of its own.
  member come(const hook_commands& hooks = both, const std::string& id = "a") {
    member result;
    auto actor = sys.spawn([this, answer = result.answer, id, hooks](caf::event_based_actor* self) {
      auto me = caf::actor_cast<caf::strong_actor_ptr>(self);
      self->request(testee, caf::infinite, enter{id, me, hooks})
          .then([answer](const entered& x) { *answer = x; }, [](const caf::error&) {});
      self->set_default_handler(caf::drop);
      self->become([](int) {});
    });
    result.actor = caf::actor_cast<caf::strong_actor_ptr>(actor);
    sched.run();
    return result;
  }

  void kill(const member& x) {
    caf::anon_send_exit(caf::actor_cast<caf::actor>(x.actor), caf::exit_reason::kill);
    sched.run();
  }

  /// The command that was started last and has not ended ends.
  bool end_command(bool ok, const std::string& id = "a") {
    for (auto& x : commands.all)
      if (!x.ended && x.run.subscription_id == id) {
        x.ended = true;
        caf::anon_send(testee, hook_done{id, x.run.ticket, ok, ok ? "exit status 0" : "exit status 1; no network"});
        sched.run();
        return true;
      }
    return false;
  }

  using names = std::vector<std::string>;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(hooks_tests, fixture)

CAF_TEST(the first one is let in after its set up has worked) {
  auto x = come();
  CAF_CHECK_EQUAL(commands.names(), (names{"set-up"}));
  CAF_CHECK(!x.answer->has_value());
  end_command(true);
  CAF_CHECK(x.admitted());
  CAF_CHECK((*x.answer)->first);
  kill(x);
  end_command(true);
}

CAF_TEST(the second one needs no set up) {
  auto x = come();
  end_command(true);
  auto y = come();
  CAF_CHECK(y.admitted());
  CAF_CHECK(!(*y.answer)->first);
  CAF_CHECK_EQUAL(commands.names(), (names{"set-up"}));
  kill(x);
  kill(y);
  end_command(true);
}

CAF_TEST(the clean up runs when the last one has gone whoever was first) {
  auto x = come();
  end_command(true);
  auto y = come();
  kill(x);
  CAF_CHECK_EQUAL(commands.names(), (names{"set-up"}));
  kill(y);
  CAF_CHECK_EQUAL(commands.names(), (names{"set-up", "clean-up"}));
  end_command(true);
}

CAF_TEST(a newcomer waits for the clean up and then has a set up of its own) {
  auto x = come();
  end_command(true);
  kill(x);
  auto y = come();
  CAF_CHECK(!y.answer->has_value());
  end_command(true);
  CAF_CHECK_EQUAL(commands.names(), (names{"set-up", "clean-up", "set-up"}));
  CAF_CHECK(!y.answer->has_value());
  end_command(true);
  CAF_CHECK(y.admitted());
  CAF_CHECK((*y.answer)->first);
  kill(y);
  end_command(true);
}

CAF_TEST(a set up that fails refuses its consumer with the reason and the next one tries again) {
  auto x = come();
  auto y = come();
  end_command(false);
  CAF_CHECK(x.refused());
  CAF_CHECK_EQUAL((*x.answer)->code, reject_code::set_up_failed);
  CAF_CHECK((*x.answer)->reason.find("exit status 1; no network") != std::string::npos);
  CAF_CHECK(!y.answer->has_value());
  CAF_CHECK_EQUAL(commands.names(), (names{"set-up", "set-up"}));
  end_command(true);
  CAF_CHECK(y.admitted());
  CAF_CHECK((*y.answer)->first);
  kill(x);
  kill(y);
  end_command(true);
}

CAF_TEST(a failed set up is not cleaned up) {
  auto x = come();
  end_command(false);
  kill(x);
  CAF_CHECK_EQUAL(commands.names(), (names{"set-up"}));
}

CAF_TEST(a failed clean up does not block the id) {
  auto x = come();
  end_command(true);
  kill(x);
  end_command(false);
  auto y = come();
  end_command(true);
  CAF_CHECK(y.admitted());
  kill(y);
  end_command(true);
}

CAF_TEST(what a consumer that died during its set up has set up is cleaned up) {
  auto x = come();
  kill(x);
  CAF_CHECK_EQUAL(commands.names(), (names{"set-up"}));
  end_command(true);
  CAF_CHECK_EQUAL(commands.names(), (names{"set-up", "clean-up"}));
  end_command(true);
}

CAF_TEST(the set up of one that died serves the one that waits) {
  auto x = come();
  auto y = come({"", ""});
  kill(x);
  end_command(true);
  CAF_CHECK(y.admitted());
  CAF_CHECK((*y.answer)->first);
  kill(y);
  CAF_CHECK_EQUAL(commands.names(), (names{"set-up", "clean-up"}));
  end_command(true);
}

CAF_TEST(a newcomer waits for a command no longer than its limit) {
  auto x = come();
  auto y = come();
  advance_time(3s);
  sched.run();
  CAF_CHECK(y.refused());
  CAF_CHECK_EQUAL((*y.answer)->code, reject_code::busy);
  end_command(true);
  CAF_CHECK(x.admitted());
  kill(x);
  kill(y);
  end_command(true);
}

CAF_TEST(a command that takes too long is ended and counts as failed once it has really ended) {
  auto x = come();
  advance_time(30s);
  sched.run();
  CAF_CHECK(commands.all[0].cancelled);
  CAF_CHECK(!x.answer->has_value());
  end_command(false);
  CAF_CHECK(x.refused());
  kill(x);
}

CAF_TEST(other ids do not wait) {
  auto x = come(both, "a");
  auto y = come({}, "b");
  CAF_CHECK(y.admitted());
  kill(x);
  kill(y);
  end_command(true);
  end_command(true);
}

CAF_TEST(the end of the coordinator ends the commands) {
  come();
  caf::anon_send_exit(testee, caf::exit_reason::user_shutdown);
  sched.run();
  CAF_CHECK(commands.all[0].cancelled);
}

CAF_TEST(finishing is answered when no command runs any more) {
  auto x = come();
  end_command(true);
  kill(x);
  bool finished = false;
  sys.spawn([&](caf::event_based_actor* asker) {
    asker->request(testee, caf::infinite, finish_hooks{})
        .then([&](const hooks_finished&) { finished = true; }, [](const caf::error&) {});
  });
  sched.run();
  CAF_CHECK(!finished);
  end_command(true);
  CAF_CHECK(finished);
}

namespace {

/// One run over a word of steps: 0 and 1 toggle a consumer (come or be killed), 2 and 3 end a command well or badly.
struct alternation {
  fixture& bus;
  std::string id;
  std::optional<fixture::member> members[2];
  std::vector<std::string> turns; // "set-up" and "clean-up" that ran to their end; a failed set-up does not count

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
    for (auto& x : bus.commands.all)
      if (!x.ended && x.run.subscription_id == id) {
        if (x.run.command == "clean-up" || ok)
          turns.push_back(x.run.command);
        return bus.end_command(ok, id);
      }
    return false;
  }

  void check() {
    size_t running = 0;
    for (const auto& x : bus.commands.all)
      running += x.run.subscription_id == id && !x.ended ? 1 : 0;
    if (running > 1)
      CAF_FAIL(id << ": two commands at once");
    auto inside =
        std::count_if(std::begin(members), std::end(members), [](const auto& x) { return x && x->admitted(); });
    if (inside > 0 && running > 0)
      CAF_FAIL(id << ": a command runs while somebody is in");
    if (inside > 0 && (turns.empty() || turns.back() != "set-up"))
      CAF_FAIL(id << ": somebody is in who has not been set up");
  }

  void finish() {
    for (size_t i = 0; i < 2; ++i)
      if (members[i])
        step(i);
    while (end(true))
      check();
    for (size_t i = 0; i < turns.size(); ++i)
      if (turns[i] != (i % 2 == 0 ? "set-up" : "clean-up"))
        CAF_FAIL(id << ": set-up and clean-up do not alternate");
    if (turns.size() % 2 != 0)
      CAF_FAIL(id << ": a set-up was not cleaned up");
  }
};

} // namespace

CAF_TEST(set up and clean up alternate whatever happens at any step) {
  constexpr size_t length = 7;
  size_t cleaned_up = 0;
  for (size_t word = 0; word < (1u << (2 * length)); ++word) {
    alternation run{*this, std::to_string(word), {}, {}};
    for (size_t i = 0; i < length; ++i)
      run.step((word >> (2 * i)) & 3);
    run.finish();
    cleaned_up += run.turns.size() / 2;
    commands.all.clear();
  }
  CAF_CHECK(cleaned_up > 10'000);
  auto& state = deref<cleanup_lock_actor::stateful_base<cleanup_lock_state>>(testee).state;
  CAF_CHECK_EQUAL(state.members.ids(), 0u);
  CAF_CHECK(state.hooks.empty());
  CAF_CHECK(state.waiters.empty());
  CAF_CHECK(state.clean_ups.empty());
}

CAF_TEST(a stop that is out of time ends the commands that run and starts no more) {
  auto x = come(both, "a");
  end_command(true, "a");
  auto y = come(both, "b");
  auto waiter = come(both, "b");
  bool finished = false;
  auto asker = sys.spawn([&](caf::event_based_actor* self) {
    self->request(testee, caf::infinite, finish_hooks{}).then([&](const hooks_finished&) { finished = true; });
  });
  sched.run();
  caf::anon_send(testee, cancel_hooks{1ms});
  sched.run();
  CAF_CHECK_EQUAL(commands.names(), (names{"set-up", "set-up"}));
  CAF_CHECK(commands.all[1].cancelled);
  CAF_CHECK(!finished);
  end_command(false, "b");
  CAF_CHECK(finished);
  CAF_CHECK(y.refused());
  CAF_CHECK(waiter.refused());
  kill(x);
  CAF_CHECK_EQUAL(commands.names(), (names{"set-up", "set-up"}));
}

CAF_TEST_FIXTURE_SCOPE_END()
