#pragma once
#include "actors/cleanup_lock.hpp"
#include "support/fixtures.hpp"
#include "support/recording_subscriber.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/test/dsl.hpp>
#include <deque>
#include <optional>

namespace cafbus {

using namespace std::chrono_literals;

inline const hook_commands both{"on_first", "on_last", {}, {}, {}};

/// Hooks that run until the test says that they have ended.
struct scripted_hooks {
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

/// A coordinator, consumers that come and die, and hooks.
struct hooks_fixture : test_coordinator_fixture<> {
  scripted_hooks hooks;
  cleanup_lock_actor testee =
      sys.spawn(cleanup_lock, cleanup_limits{3s, 1h, 30s, 2},
                [this](const hook_run& x, const cleanup_lock_actor& to) { return hooks.launch(x, to); });

  ~hooks_fixture() override {
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
  member come(const hook_commands& wanted = both, const std::string& id = "a") {
    member result;
    auto actor = sys.spawn([this, answer = result.answer, id, wanted](caf::event_based_actor* self) {
      auto me = caf::actor_cast<caf::strong_actor_ptr>(self);
      self->request(testee, caf::infinite, enter{id, me, wanted})
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

  /// The hook that was started last and has not ended ends.
  bool end_hook(bool ok, const std::string& id = "a") {
    for (auto& x : hooks.all)
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

} // namespace cafbus
