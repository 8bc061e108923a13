#pragma once
#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/fwd.hpp>
#include <caf/type_erased_tuple.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <random>

namespace cafbus::testing {

/// What happens to messages on the way through a relay, each drawn by lot.
///
/// CAF guarantees that a message to a living actor arrives, and in its sender's order; the product relies on that
/// everywhere. So `drop` and `reorder` are for what the test itself puts in between, or to show that a law finds them;
/// `delay` is safe everywhere.
struct relay_faults {
  uint32_t drop = 0;    ///< Of a thousand messages: lost. The answer to a request then never comes.
  uint32_t delay = 0;   ///< Of a thousand: late by up to `longest`. What comes after such a one waits for it.
  uint32_t reorder = 0; ///< Of a thousand: late by up to `longest`; what comes after it may overtake it.
  std::chrono::nanoseconds longest = std::chrono::milliseconds{50};
  std::function<bool(const caf::type_erased_tuple&)> loses = {}; ///< Messages that are always lost; none if empty.
};

/// Spawns an actor that passes on all it gets, as if the sender had sent it to `to` itself: answers go straight back.
/// It ends with `to`, and `to` with it. Only under the harness's scheduler, where all actors run on one thread.
caf::actor spawn_message_relay(caf::actor_system& system, caf::strong_actor_ptr to, const relay_faults& faults,
                               std::mt19937_64& random);

/// The same for a typed actor: to be given to others in its place.
template <class Handle>
Handle relayed(caf::actor_system& system, const Handle& to, const relay_faults& faults, std::mt19937_64& random) {
  return caf::actor_cast<Handle>(
      spawn_message_relay(system, caf::actor_cast<caf::strong_actor_ptr>(to), faults, random));
}

} // namespace cafbus::testing
