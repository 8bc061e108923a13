#include "actors/cleanup_lock.hpp"

#include "config/log.hpp"

#include <algorithm>
#include <spdlog/logger.h>

namespace cafbus {

caf::result<entered> cleanup_lock_state::on_enter(const enter& x) {
  const auto& id = x.subscription_id;
  if (!members.locked(id))
    return entered{true, admit(id, x.member)};
  auto promise = self->make_response_promise<entered>();
  self->monitor(x.member);
  waiters[id].push_back({++last_ticket, x.member, promise});
  self->delayed_send(self, cleanup_wait, wait_over{id, last_ticket});
  return promise;
}

left cleanup_lock_state::on_leave(const leave& x) {
  return remove(x.subscription_id, x.member->id());
}

lock_answer cleanup_lock_state::on_try_lock(const try_lock& x) {
  const auto& id = x.subscription_id;
  if (!members.try_lock(id, x.member->id()))
    return {false};
  leases[id] = ++last_ticket;
  self->delayed_send(self, cleanup_lease, lease_over{id, last_ticket});
  return {true};
}

void cleanup_lock_state::on_release_lock(const release_lock& x) {
  if (members.unlock(x.subscription_id, x.member->id()))
    admit_waiters(x.subscription_id);
}

void cleanup_lock_state::on_wait_over(const wait_over& x) {
  auto i = waiters.find(x.subscription_id);
  if (i == waiters.end())
    return;
  auto& queue = i->second;
  auto waiter = std::find_if(queue.begin(), queue.end(), [&](const auto& y) { return y.ticket == x.ticket; });
  if (waiter == queue.end())
    return;
  waiter->promise.deliver(entered{false, false});
  queue.erase(waiter);
  if (queue.empty())
    waiters.erase(i);
}

void cleanup_lock_state::on_lease_over(const lease_over& x) {
  auto i = leases.find(x.subscription_id);
  if (i == leases.end() || i->second != x.ticket)
    return;
  log::lock().warn("cleanup-lease-over subscription={}", log::quoted(x.subscription_id));
  members.force_unlock(x.subscription_id);
  admit_waiters(x.subscription_id);
}

void cleanup_lock_state::on_down(caf::actor_id who) {
  for (auto& [id, queue] : waiters)
    std::erase_if(queue, [&](const auto& x) { return x.member->id() == who; });
  std::erase_if(waiters, [](const auto& x) { return x.second.empty(); });
  for (const auto& id : members.ids_of(who))
    remove(id, who);
}

bool cleanup_lock_state::admit(const std::string& id, const caf::strong_actor_ptr& member) {
  self->monitor(member); // one who is dead already comes back as a down message at once
  return members.enter(id, member->id());
}

left cleanup_lock_state::remove(const std::string& id, caf::actor_id who) {
  auto result = members.leave(id, who);
  if (result.unlocked)
    admit_waiters(id);
  return {result.last};
}

void cleanup_lock_state::admit_waiters(const std::string& id) {
  leases.erase(id);
  auto i = waiters.find(id);
  if (i == waiters.end())
    return;
  auto queue = std::move(i->second);
  waiters.erase(i);
  for (auto& x : queue)
    x.promise.deliver(entered{true, admit(id, x.member)});
}

cleanup_lock_actor::behavior_type cleanup_lock(cleanup_lock_actor::stateful_pointer<cleanup_lock_state> self,
                                               std::chrono::nanoseconds cleanup_wait,
                                               std::chrono::nanoseconds cleanup_lease) {
  auto& state = self->state;
  state.cleanup_wait = cleanup_wait;
  state.cleanup_lease = cleanup_lease;
  self->set_down_handler([&state](const caf::down_msg& x) { state.on_down(x.source.id()); });
  self->set_error_handler([](caf::error&) {}); // one who asked may have ended since
  return {
    [&state](const enter& x) { return state.on_enter(x); },
    [&state](const leave& x) { return state.on_leave(x); },
    [&state](const try_lock& x) { return state.on_try_lock(x); },
    [&state](const release_lock& x) { state.on_release_lock(x); },
    [&state](const reconfigure& x) {
      state.cleanup_wait = x.cleanup_wait;
      state.cleanup_lease = x.cleanup_lease;
    },
    [&state](const wait_over& x) { state.on_wait_over(x); },
    [&state](const lease_over& x) { state.on_lease_over(x); },
  };
}

} // namespace cafbus
