#pragma once
#include "actors/hook_runner.hpp"
#include "actors/open_promises.hpp"
#include "actors/subscriptions.hpp"
#include "config/log_limit.hpp"
#include "messages/actors.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <chrono>

namespace cafbus {

/// What the coordinator needs of the options.
struct cleanup_limits {
  std::chrono::nanoseconds wait{0};         ///< Of an `enter`, for a lock or hook of its id; then it is refused; > 0.
  std::chrono::nanoseconds lease{0};        ///< Of a cleanup lock; > 0.
  std::chrono::nanoseconds hook_timeout{0}; ///< Of a hook; then it is ended and has failed; > 0.
  uint32_t max_hooks = 1;                   ///< At once.
};

/// The cleanup-lock coordinator: decides which consumer of a subscription id is the first and which the last, lets
/// newcomers of that id (and of no other) wait while a consumer cleans up, and has the bus run the id's hooks:
/// `on_first` before it admits the first consumer, `on_last` after the last one has left. Since the bus runs them and
/// not a consumer, `on_last` runs exactly once, whichever consumer was first and however the last one died.
///
/// `subscriptions` makes the decisions; this actor has the messages, the timers, the processes and the log.
///
/// Invariant: exactly the members that `ids` knows are monitored. So a connection gives back what it had however it
/// ends, and no observer stays in memory longer than needed. `questions` are those of waiting newcomers; `running` are
/// the hooks that have been started and have not ended.
struct cleanup_lock_state {
  static inline const char* name = "cleanup_lock";

  explicit cleanup_lock_state(cleanup_lock_actor::pointer self) : self{self} {}

  /// Ends the running hooks, since no bus is left to report on them, and stops observing members.
  ~cleanup_lock_state();

  cleanup_lock_state(const cleanup_lock_state&) = delete;
  cleanup_lock_state& operator=(const cleanup_lock_state&) = delete;

  caf::result<entered> on_enter(const enter& x);
  left on_leave(const leave& x);
  lock_answer on_try_lock(const try_lock& x);
  caf::result<hooks_finished> on_finish_hooks();
  void on_cancel_hooks(const cancel_hooks& x);
  void on_reconfigure(const reconfigure& x);
  void on_hook_done(const hook_done& x);
  void on_wait_over(const wait_over& x);
  void on_lease_over(const lease_over& x);
  void on_hook_overdue(const hook_overdue& x);
  void on_down(caf::actor_id who);

  struct running_hook {
    std::string subscription_id;
    hook_kind hook = hook_kind::on_first;
    hook_cancel cancel;
  };

  void act();
  void start(const hook_run& x);
  void log_end(hook_kind hook, const hook_done& x);
  void log_left_out(const subscriptions::left_out& x);
  void watch(const caf::strong_actor_ptr& member);
  void forget(caf::actor_id who);

  cleanup_lock_actor::pointer self;
  cleanup_limits limits;
  hook_launcher launch;
  subscriptions ids{1};
  open_promises<entered> questions;
  std::unordered_map<uint64_t, running_hook> running; ///< By ticket.
  std::vector<caf::typed_response_promise<hooks_finished>> finishing;
  std::unordered_map<caf::actor_id, caf::actor_addr> watched;
  log::limit start_log; ///< One per cause: any consumer can bring each about.
  log::limit end_log;
  log::limit failure_log;
  log::limit left_out_log;
  log::limit overdue_log;
  log::limit lease_log;
};

cleanup_lock_actor::behavior_type cleanup_lock(cleanup_lock_actor::stateful_pointer<cleanup_lock_state> self,
                                               const cleanup_limits& limits, const hook_launcher& launch);

} // namespace cafbus
