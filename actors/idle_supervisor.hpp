#pragma once
#include "messages/actors.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <chrono>
#include <unordered_set>
#include <vector>

namespace cafbus {

/// Knows whether consumers are there. Tells the bus when it has been without a consumer for `idle_timeout`, counted
/// from the start or from the last one's going. A bus that could not stop, since a connection was open, is told again
/// soon: who only asks does not keep it.
///
/// Invariant: a timer of the current `epoch` is pending iff `live` is empty and the bus has not been told.
struct idle_supervisor_state {
  static inline const char* name = "idle_supervisor";

  explicit idle_supervisor_state(idle_supervisor_actor::pointer self) : self{self} {}

  void on_came(caf::actor_id who);
  void on_went(caf::actor_id who);
  caf::result<consumer_there> on_await();
  void on_elapsed(uint64_t timer_epoch);
  void on_reconfigure(std::chrono::nanoseconds x);
  void arm(std::chrono::nanoseconds delay);

  idle_supervisor_actor::pointer self;
  bus_actor bus;
  std::chrono::nanoseconds idle_timeout{0};
  std::unordered_set<caf::actor_id> live;
  bool had_one = false; // ever
  std::vector<caf::typed_response_promise<consumer_there>> awaiting;
  uint64_t epoch = 0; // CAF 0.17 cannot cancel a timer; a stale one is ignored
};

/// @param idle_timeout 0: never.
idle_supervisor_actor::behavior_type
idle_supervisor(idle_supervisor_actor::stateful_pointer<idle_supervisor_state> self,
                std::chrono::nanoseconds idle_timeout, const bus_actor& bus);

} // namespace cafbus
