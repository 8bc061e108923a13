#include "actors/cleanup_lock.hpp"

#include "config/defaults.hpp"
#include "config/log.hpp"

#include <spdlog/logger.h>

namespace cafbus {

// -- coming and going ----------------------------------------------------------------------------------------------

caf::result<entered> cleanup_lock_state::on_enter(const enter& x) {
  auto promise = self->make_response_promise<entered>();
  auto ticket = questions.add(promise);
  watch(x.member);
  ids.enter(x.subscription_id, {ticket, x.member->id(), x.hooks, x.exclusive, x.pid});
  act();
  if (questions.is_open(ticket))
    self->delayed_send(self, limits.wait, wait_over{x.subscription_id, ticket});
  return promise;
}

/// One who is dead already comes back as a down message at once.
void cleanup_lock_state::watch(const caf::strong_actor_ptr& member) {
  if (watched.emplace(member->id(), caf::actor_cast<caf::actor_addr>(member)).second)
    self->monitor(member);
}

void cleanup_lock_state::forget(caf::actor_id who) {
  auto i = watched.find(who);
  if (i == watched.end() || ids.knows(who)) // it has come again since
    return;
  self->demonitor(i->second);
  watched.erase(i);
}

void cleanup_lock_state::on_wait_over(const wait_over& x) {
  ids.give_up_waiting(x.subscription_id, x.ticket);
  act();
}

left cleanup_lock_state::on_leave(const leave& x) {
  auto last = ids.leave(x.subscription_id, x.member->id());
  act();
  return {last};
}

void cleanup_lock_state::on_down(caf::actor_id who) {
  watched.erase(who);
  ids.gone(who);
  act();
}

// -- lock ----------------------------------------------------------------------------------------------------------

lock_answer cleanup_lock_state::on_try_lock(const try_lock& x) {
  auto ticket = ids.try_lock(x.subscription_id, x.member->id());
  if (ticket == 0)
    return {false};
  self->delayed_send(self, limits.lease, lease_over{x.subscription_id, ticket});
  return {true};
}

void cleanup_lock_state::on_lease_over(const lease_over& x) {
  if (!ids.lease_over(x.subscription_id, x.ticket))
    return;
  if (auto times = lease_log.pass(self->clock().now()))
    log::lock().warn("cleanup-lease-over subscription={} times={}", log::quoted(x.subscription_id), *times);
  act();
}

// -- hooks ---------------------------------------------------------------------------------------------------------

/// Does what the last call of `ids` has brought about.
void cleanup_lock_state::act() {
  auto to_do = ids.take();
  for (auto& x : to_do.answers)
    questions.deliver(x.ticket, std::move(x.how));
  for (const auto& x : to_do.omitted)
    log_left_out(x);
  for (const auto& x : to_do.hooks)
    start(x);
  for (auto who : to_do.forgotten)
    forget(who);
  if (!ids.has_hooks())
    for (auto& promise : std::exchange(finishing, {}))
      promise.deliver(hooks_finished{});
}

void cleanup_lock_state::start(const hook_run& x) {
  if (auto times = start_log.pass(self->clock().now()))
    log::lock().info("hook-started hook={} subscription={} times={}", to_string(x.hook), log::quoted(x.subscription_id),
                     *times);
  running[x.ticket] = {x.subscription_id, x.hook, launch(x, self)};
  self->delayed_send(self, limits.hook_timeout, hook_overdue{x.ticket});
}

void cleanup_lock_state::on_hook_done(const hook_done& x) {
  auto hook = ids.hook_ended(x);
  if (!hook)
    return;
  running.erase(x.ticket);
  log_end(*hook, x);
  act();
}

void cleanup_lock_state::log_end(hook_kind hook, const hook_done& x) {
  auto now = self->clock().now();
  auto id = log::quoted(x.subscription_id);
  auto detail = log::quoted(x.detail);
  auto times = (x.ok ? end_log : failure_log).pass(now);
  if (times && x.ok)
    log::lock().info("hook-done hook={} subscription={} detail={} left-processes={} times={}", to_string(hook), id,
                     detail, x.left_processes, *times);
  else if (times)
    log::lock().error("hook-failed hook={} subscription={} detail={} times={}", to_string(hook), id, detail, *times);
}

void cleanup_lock_state::log_left_out(const subscriptions::left_out& x) {
  if (auto times = left_out_log.pass(self->clock().now()))
    log::lock().error("hook-left-out hook={} subscription={} times={}", to_string(x.hook),
                      log::quoted(x.subscription_id), *times);
}

/// It goes on until it has really ended.
void cleanup_lock_state::on_hook_overdue(const hook_overdue& x) {
  auto i = running.find(x.ticket);
  if (i == running.end())
    return;
  if (auto times = overdue_log.pass(self->clock().now()))
    log::lock().warn("hook-overdue hook={} subscription={} times={}", to_string(i->second.hook),
                     log::quoted(i->second.subscription_id), *times);
  i->second.cancel(defaults::source_kill_after);
}

caf::result<hooks_finished> cleanup_lock_state::on_finish_hooks() {
  if (!ids.has_hooks())
    return hooks_finished{};
  finishing.push_back(self->make_response_promise<hooks_finished>());
  return finishing.back();
}

void cleanup_lock_state::on_cancel_hooks(const cancel_hooks& x) {
  ids.start_no_more_hooks();
  for (auto& [ticket, hook] : running) {
    log::lock().error("hook-cut-short hook={} subscription={}", to_string(hook.hook),
                      log::quoted(hook.subscription_id));
    hook.cancel(x.kill_after);
  }
  act();
}

void cleanup_lock_state::on_reconfigure(const reconfigure& x) {
  limits = {x.cleanup_wait, x.cleanup_lease, x.hook_timeout, x.max_hooks};
  ids.set_max_hooks(x.max_hooks);
  act();
}

// ------------------------------------------------------------------------------------------------------------------

cleanup_lock_state::~cleanup_lock_state() {
  for (auto& [ticket, hook] : running)
    hook.cancel(defaults::source_kill_after);
  for (const auto& id : ids.waiting_for_on_last())
    log_left_out({id, hook_kind::on_last});
  for (auto& [id, member] : watched)
    self->demonitor(member);
}

cleanup_lock_actor::behavior_type cleanup_lock(cleanup_lock_actor::stateful_pointer<cleanup_lock_state> self,
                                               const cleanup_limits& limits, const hook_launcher& launch) {
  auto& state = self->state;
  state.limits = limits;
  state.launch = launch;
  state.ids.set_max_hooks(limits.max_hooks);
  self->set_down_handler([&state](const caf::down_msg& x) { state.on_down(x.source.id()); });
  self->set_error_handler([](caf::error&) {}); // one who asked may have ended since
  return {
      [&state](const enter& x) { return state.on_enter(x); },
      [&state](const leave& x) { return state.on_leave(x); },
      [&state](const try_lock& x) { return state.on_try_lock(x); },
      [&state](const read_hooks&) {
        return hook_counts{state.ids.running_hooks(), state.ids.waiting_hooks()};
      },
      [&state](const finish_hooks&) { return state.on_finish_hooks(); },
      [&state](const cancel_hooks& x) { state.on_cancel_hooks(x); },
      [&state](const reconfigure& x) { state.on_reconfigure(x); },
      [&state](const hook_done& x) { state.on_hook_done(x); },
      [&state](const wait_over& x) { state.on_wait_over(x); },
      [&state](const lease_over& x) { state.on_lease_over(x); },
      [&state](const hook_overdue& x) { state.on_hook_overdue(x); },
  };
}

} // namespace cafbus
