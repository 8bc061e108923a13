#include "actors/cleanup_lock.hpp"

#include "config/defaults.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <spdlog/logger.h>

namespace cafbus {

// -- coming --------------------------------------------------------------------------------------------------------

caf::result<entered> cleanup_lock_state::on_enter(const enter& x) {
  const auto& id = x.subscription_id;
  auto promise = self->make_response_promise<entered>();
  watch(x.member);
  newcomer who{++last_ticket, x.member, x.hooks, promise};
  if (blocked(id)) {
    self->delayed_send(self, cleanup_wait, wait_over{id, who.ticket});
    waiters[id].push_back(std::move(who));
  } else {
    let_in(id, std::move(who));
  }
  return promise;
}

/// One who is dead already comes back as a down message at once.
void cleanup_lock_state::watch(const caf::strong_actor_ptr& member) {
  if (watched.emplace(member->id(), caf::actor_cast<caf::actor_addr>(member)).second)
    self->monitor(member);
}

/// Unless it is in or wants in under some id.
void cleanup_lock_state::forget(caf::actor_id who) {
  auto i = watched.find(who);
  auto wants_in = [&](const newcomer& x) { return x.member->id() == who; };
  if (i == watched.end() || !members.ids_of(who).empty())
    return;
  for (const auto& [id, queue] : waiters)
    if (std::any_of(queue.begin(), queue.end(), wants_in))
      return;
  for (const auto& [id, hook] : hooks)
    if (hook.set_up_for && wants_in(*hook.set_up_for))
      return;
  self->demonitor(i->second);
  watched.erase(i);
}

/// @pre the id is not blocked
void cleanup_lock_state::let_in(const std::string& id, newcomer x) {
  if (x.hooks.on_first.empty() || members.count(id) > 0) {
    admit(id, std::move(x));
    return;
  }
  auto command = x.hooks.on_first;
  run_hook(id, command, std::move(x));
}

void cleanup_lock_state::admit(const std::string& id, newcomer x) {
  auto first = members.enter(id, x.member->id());
  if (!x.hooks.on_last.empty())
    clean_ups[id] = x.hooks.on_last;
  x.promise.deliver(entered{true, first, {}, {}});
}

void cleanup_lock_state::let_waiters_in(const std::string& id) {
  while (!blocked(id)) {
    auto i = waiters.find(id);
    if (i == waiters.end())
      return;
    auto next = std::move(i->second.front());
    i->second.pop_front();
    if (i->second.empty())
      waiters.erase(i);
    let_in(id, std::move(next));
  }
}

void cleanup_lock_state::on_wait_over(const wait_over& x) {
  auto i = waiters.find(x.subscription_id);
  if (i == waiters.end())
    return;
  auto& queue = i->second;
  auto waiter = std::find_if(queue.begin(), queue.end(), [&](const auto& y) { return y.ticket == x.ticket; });
  if (waiter == queue.end())
    return;
  auto hook = hooks.find(x.subscription_id);
  auto* what = hook != hooks.end() && hook->second.set_up_for ? "set-up" : "clean-up";
  waiter->promise.deliver(
      entered{false, false, reject_code::busy,
              std::string{"the "} + what + " of subscription '" + x.subscription_id + "' is still running; try again"});
  auto who = waiter->member->id();
  queue.erase(waiter);
  if (queue.empty())
    waiters.erase(i);
  forget(who);
}

// -- going ---------------------------------------------------------------------------------------------------------

left cleanup_lock_state::on_leave(const leave& x) {
  return remove(x.subscription_id, x.member->id());
}

void cleanup_lock_state::on_down(caf::actor_id who) {
  watched.erase(who);
  for (auto& [id, queue] : waiters)
    std::erase_if(queue, [&](const auto& x) { return x.member->id() == who; });
  std::erase_if(waiters, [](const auto& x) { return x.second.empty(); });
  for (auto& [id, hook] : hooks)
    if (hook.set_up_for && hook.set_up_for->member->id() == who)
      hook.set_up_for->gone = true; // its set-up goes on: what it has done must be undone
  for (const auto& id : members.ids_of(who))
    remove(id, who);
}

left cleanup_lock_state::remove(const std::string& id, caf::actor_id who) {
  auto result = members.leave(id, who);
  if (result.unlocked)
    leases.erase(id);
  if (result.last)
    if (auto i = clean_ups.find(id); i != clean_ups.end()) {
      auto command = std::move(i->second);
      clean_ups.erase(i);
      clean_up(id, command);
    }
  let_waiters_in(id);
  forget(who);
  return {result.last};
}

// -- commands ------------------------------------------------------------------------------------------------------

void cleanup_lock_state::clean_up(const std::string& id, const std::string& command) {
  run_hook(id, command, std::nullopt);
}

void cleanup_lock_state::run_hook(const std::string& id, const std::string& command,
                                  std::optional<newcomer> set_up_for) {
  if (no_more_commands) {
    log::lock().error("{}-left-out subscription={}", set_up_for ? "set-up" : "clean-up", log::quoted(id));
    if (set_up_for)
      set_up_for->promise.deliver(entered{false, false, reject_code::set_up_failed, "the bus is stopping"});
    return;
  }
  auto ticket = ++last_ticket;
  log::lock().info("{}-started subscription={}", set_up_for ? "set-up" : "clean-up", log::quoted(id));
  hooks[id] = {ticket, launch({id, ticket, command}, self), std::move(set_up_for)};
  self->delayed_send(self, cleanup_lease, lease_over{id, ticket});
}

void cleanup_lock_state::on_hook_done(const hook_done& x) {
  auto i = hooks.find(x.subscription_id);
  if (i == hooks.end() || i->second.ticket != x.ticket)
    return;
  auto set_up_for = std::move(i->second.set_up_for);
  hooks.erase(i);
  log::lock().log(x.ok ? spdlog::level::info : spdlog::level::err, "{}-{} subscription={} detail={}",
                  set_up_for ? "set-up" : "clean-up", x.ok ? "done" : "failed", log::quoted(x.subscription_id),
                  log::quoted(x.detail));
  if (set_up_for)
    after_set_up(x.subscription_id, std::move(*set_up_for), x);
  let_waiters_in(x.subscription_id);
  if (hooks.empty())
    for (auto& promise : std::exchange(finishing, {}))
      promise.deliver(hooks_finished{});
}

void cleanup_lock_state::after_set_up(const std::string& id, newcomer x, const hook_done& how) {
  if (!how.ok) {
    x.promise.deliver(entered{false, false, reject_code::set_up_failed,
                              "the set-up of subscription '" + id + "' failed: " + how.detail});
    forget(x.member->id());
    return; // the next one tries again
  }
  if (!x.gone) {
    admit(id, std::move(x));
    return;
  }
  auto waiting = waiters.find(id);
  if (waiting != waiters.end()) { // the set-up serves whoever has waited for it
    auto next = std::move(waiting->second.front());
    waiting->second.pop_front();
    if (waiting->second.empty())
      waiters.erase(waiting);
    if (next.hooks.on_last.empty())
      next.hooks.on_last = x.hooks.on_last;
    admit(id, std::move(next));
  } else if (!x.hooks.on_last.empty()) {
    clean_up(id, x.hooks.on_last);
  }
}

caf::result<hooks_finished> cleanup_lock_state::on_finish_hooks() {
  if (hooks.empty())
    return hooks_finished{};
  finishing.push_back(self->make_response_promise<hooks_finished>());
  return finishing.back();
}

void cleanup_lock_state::on_cancel_hooks(const cancel_hooks& x) {
  no_more_commands = true;
  for (auto& [id, hook] : hooks) {
    log::lock().error("{}-cut-short subscription={}", hook.set_up_for ? "set-up" : "clean-up", log::quoted(id));
    hook.cancel(x.kill_after);
  }
}

// -- lock ----------------------------------------------------------------------------------------------------------

lock_answer cleanup_lock_state::on_try_lock(const try_lock& x) {
  const auto& id = x.subscription_id;
  if (!members.try_lock(id, x.member->id()))
    return {false};
  leases[id] = ++last_ticket;
  self->delayed_send(self, cleanup_lease, lease_over{id, last_ticket});
  return {true};
}

void cleanup_lock_state::on_lease_over(const lease_over& x) {
  if (auto i = hooks.find(x.subscription_id); i != hooks.end() && i->second.ticket == x.ticket) {
    log::lock().warn("command-overdue subscription={}", log::quoted(x.subscription_id));
    i->second.cancel(defaults::source_kill_after); // goes on when it has really ended
    return;
  }
  auto i = leases.find(x.subscription_id);
  if (i == leases.end() || i->second != x.ticket)
    return;
  leases.erase(i);
  log::lock().warn("cleanup-lease-over subscription={}", log::quoted(x.subscription_id));
  members.force_unlock(x.subscription_id);
  let_waiters_in(x.subscription_id);
}

// ------------------------------------------------------------------------------------------------------------------

cleanup_lock_state::~cleanup_lock_state() {
  on_cancel_hooks({defaults::source_kill_after});
  for (auto& [id, command] : clean_ups)
    log::lock().error("clean-up-left-out subscription={}", log::quoted(id));
  for (auto& [id, member] : watched)
    self->demonitor(member);
}

cleanup_lock_actor::behavior_type cleanup_lock(cleanup_lock_actor::stateful_pointer<cleanup_lock_state> self,
                                               std::chrono::nanoseconds cleanup_wait,
                                               std::chrono::nanoseconds cleanup_lease, const hook_launcher& launch) {
  auto& state = self->state;
  state.cleanup_wait = cleanup_wait;
  state.cleanup_lease = cleanup_lease;
  state.launch = launch;
  self->set_down_handler([&state](const caf::down_msg& x) { state.on_down(x.source.id()); });
  self->set_error_handler([](caf::error&) {}); // one who asked may have ended since
  return {
      [&state](const enter& x) { return state.on_enter(x); },
      [&state](const leave& x) { return state.on_leave(x); },
      [&state](const try_lock& x) { return state.on_try_lock(x); },
      [&state](const finish_hooks&) { return state.on_finish_hooks(); },
      [&state](const cancel_hooks& x) { state.on_cancel_hooks(x); },
      [&state](const reconfigure& x) {
        state.cleanup_wait = x.cleanup_wait;
        state.cleanup_lease = x.cleanup_lease;
      },
      [&state](const hook_done& x) { state.on_hook_done(x); },
      [&state](const wait_over& x) { state.on_wait_over(x); },
      [&state](const lease_over& x) { state.on_lease_over(x); },
  };
}

} // namespace cafbus
