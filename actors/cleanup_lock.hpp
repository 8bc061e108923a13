#pragma once
#include "actors/hook_runner.hpp"
#include "actors/membership.hpp"
#include "messages/actors.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <chrono>
#include <deque>

namespace cafbus {

/// The cleanup-lock coordinator: says who is first and who is last under a subscription id, runs the set-up before the
/// first and the clean-up after the last, and keeps newcomers of that id waiting (of no other) while somebody cleans
/// up.
///
/// Set-up and clean-up of an id never overlap and strictly alternate, since an id runs one command at a time and lets
/// nobody in meanwhile. The bus runs them, not a consumer: so the clean-up comes exactly once, whoever was first and
/// however the last one died.
///
/// Invariant: an id has waiters only while its lock is held or a command of it runs; whoever is in, holds or waits is
/// monitored, so that every way in which a connection can end gives back what it had, and who is not is not, since an
/// observer's memory lives as long as what it observes; a clean-up is remembered for an id iff somebody is in who came
/// with one, or whose predecessors did.
struct cleanup_lock_state {
  static inline const char* name = "cleanup_lock";

  explicit cleanup_lock_state(cleanup_lock_actor::pointer self) : self{self} {}

  /// Ends the commands that run: a bus that is gone answers for nothing. Forgets whom it has observed.
  ~cleanup_lock_state();

  cleanup_lock_state(const cleanup_lock_state&) = delete;
  cleanup_lock_state& operator=(const cleanup_lock_state&) = delete;

  caf::result<entered> on_enter(const enter& x);
  left on_leave(const leave& x);
  lock_answer on_try_lock(const try_lock& x);
  caf::result<hooks_finished> on_finish_hooks();
  void on_cancel_hooks(const cancel_hooks& x);
  void on_hook_done(const hook_done& x);
  void on_wait_over(const wait_over& x);
  void on_lease_over(const lease_over& x);
  void on_down(caf::actor_id who);

  /// One who wants in.
  struct newcomer {
    uint64_t ticket = 0;
    caf::strong_actor_ptr member;
    hook_commands hooks;
    caf::typed_response_promise<entered> promise;
    bool gone = false; ///< Has ended while its own set-up was running.
  };

  /// A command that runs.
  struct running {
    uint64_t ticket = 0;
    hook_cancel cancel;
    std::optional<newcomer> set_up_for; ///< Nothing: it is a clean-up.
  };

  bool blocked(const std::string& id) const { return members.locked(id) || hooks.count(id) > 0; }
  void let_in(const std::string& id, newcomer x);
  void admit(const std::string& id, newcomer x);
  void after_set_up(const std::string& id, newcomer x, const hook_done& how);
  left remove(const std::string& id, caf::actor_id who);
  void clean_up(const std::string& id, const std::string& command);
  void run_hook(const std::string& id, const std::string& command, std::optional<newcomer> set_up_for);
  void let_waiters_in(const std::string& id);
  void watch(const caf::strong_actor_ptr& member);
  void forget(caf::actor_id who);

  cleanup_lock_actor::pointer self;
  std::chrono::nanoseconds cleanup_wait{0};
  std::chrono::nanoseconds cleanup_lease{0};
  hook_launcher launch;
  membership members;
  std::unordered_map<std::string, std::deque<newcomer>> waiters;
  std::unordered_map<std::string, running> hooks;         // one an id
  std::unordered_map<std::string, std::string> clean_ups; // command to run when the last one has gone
  std::unordered_map<std::string, uint64_t> leases;       // ticket of the lease that runs, per locked id
  std::vector<caf::typed_response_promise<hooks_finished>> finishing;
  std::unordered_map<caf::actor_id, caf::actor_addr> watched;
  bool no_more_commands = false;
  uint64_t last_ticket = 0; // CAF 0.17 cannot cancel a timer; a stale one is ignored
};

/// @param cleanup_wait How long an `enter` waits for somebody else's lock or command before it is refused; > 0.
/// @param cleanup_lease How long a lock may be held, and a command run, before it is ended; > 0.
cleanup_lock_actor::behavior_type cleanup_lock(cleanup_lock_actor::stateful_pointer<cleanup_lock_state> self,
                                               std::chrono::nanoseconds cleanup_wait,
                                               std::chrono::nanoseconds cleanup_lease, const hook_launcher& launch);

} // namespace cafbus
