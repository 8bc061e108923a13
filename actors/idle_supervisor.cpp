#include "actors/idle_supervisor.hpp"

#include <algorithm>
#include <utility>

namespace cafbus {

namespace {

/// After which a bus that could not stop is told again.
constexpr std::chrono::nanoseconds retry_delay = std::chrono::milliseconds{200};

} // namespace

void idle_supervisor_state::on_came(caf::actor_id who) {
  live.insert(who);
  ++epoch;
  had_one = true;
  for (auto& promise : std::exchange(awaiting, {}))
    promise.deliver(consumer_there{});
}

caf::result<consumer_there> idle_supervisor_state::on_await() {
  if (had_one)
    return consumer_there{};
  awaiting.push_back(self->make_response_promise<consumer_there>());
  return awaiting.back();
}

void idle_supervisor_state::on_went(caf::actor_id who) {
  if (live.erase(who) > 0 && live.empty())
    arm(idle_timeout);
}

void idle_supervisor_state::on_elapsed(uint64_t timer_epoch) {
  if (timer_epoch == epoch)
    self->send(bus, idle_reached{});
}

void idle_supervisor_state::on_reconfigure(std::chrono::nanoseconds x) {
  if (x == idle_timeout)
    return;
  idle_timeout = x;
  arm(idle_timeout);
}

void idle_supervisor_state::arm(std::chrono::nanoseconds delay) {
  if (!live.empty())
    return;
  ++epoch;
  if (idle_timeout.count() == 0)
    return;
  self->delayed_send(self, delay, idle_elapsed{epoch});
}

idle_supervisor_actor::behavior_type
idle_supervisor(idle_supervisor_actor::stateful_pointer<idle_supervisor_state> self,
                std::chrono::nanoseconds idle_timeout, const bus_actor& bus) {
  auto& state = self->state;
  state.bus = bus;
  state.idle_timeout = idle_timeout;
  state.arm(idle_timeout);
  return {
      [&state](const consumer_came& x) { state.on_came(x.consumer->id()); },
      [&state](const consumer_went& x) { state.on_went(x.consumer->id()); },
      [&state](const await_consumer&) { return state.on_await(); },
      [&state](const stay_awake&) { state.arm(std::min(state.idle_timeout, retry_delay)); },
      [&state](const reconfigure& x) { state.on_reconfigure(x.idle_timeout); },
      [&state](const idle_elapsed& x) { state.on_elapsed(x.epoch); },
  };
}

} // namespace cafbus
