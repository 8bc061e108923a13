#pragma once
#include "actors/membership.hpp"
#include "messages/actors.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <chrono>
#include <deque>

namespace cafbus {

/// The cleanup-lock coordinator: says who is first and who is last under a subscription id, and keeps newcomers of that id
/// waiting (of no other) while somebody cleans up.
///
/// Invariant: an id has waiters only while its lock is held; whoever is in, holds or waits is monitored, so that
/// every way in which a connection can end gives back what it had.
struct cleanup_lock_state {
  static inline const char* name = "cleanup_lock";

  explicit cleanup_lock_state(cleanup_lock_actor::pointer self) : self{self} {}

  caf::result<entered> on_enter(const enter& x);
  left on_leave(const leave& x);
  lock_answer on_try_lock(const try_lock& x);
  void on_release_lock(const release_lock& x);
  void on_wait_over(const wait_over& x);
  void on_lease_over(const lease_over& x);
  void on_down(caf::actor_id who);

  struct waiter {
    uint64_t ticket;
    caf::strong_actor_ptr member;
    caf::typed_response_promise<entered> promise;
  };

  bool admit(const std::string& id, const caf::strong_actor_ptr& member);
  left remove(const std::string& id, caf::actor_id who);
  void admit_waiters(const std::string& id);

  cleanup_lock_actor::pointer self;
  std::chrono::nanoseconds cleanup_wait{0};
  std::chrono::nanoseconds cleanup_lease{0};
  membership members;
  std::unordered_map<std::string, std::deque<waiter>> waiters;
  std::unordered_map<std::string, uint64_t> leases; // ticket of the lease that runs, per locked id
  uint64_t last_ticket = 0;                         // CAF 0.17 cannot cancel a timer; a stale one is ignored
};

/// @param cleanup_wait How long an `enter` waits for a lock before it is refused; > 0.
/// @param cleanup_lease How long a lock may be held before it is taken away; > 0.
cleanup_lock_actor::behavior_type cleanup_lock(cleanup_lock_actor::stateful_pointer<cleanup_lock_state> self,
                                               std::chrono::nanoseconds cleanup_wait,
                                               std::chrono::nanoseconds cleanup_lease);

} // namespace cafbus
