#pragma once
#include "actors/closing_broker.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/typed_broker.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>

namespace cafbus {

/// Spawns an actor of the path of an event where its neighbours are: on the multiplexer's thread, as a broker without a
/// socket, if the system has the I/O module, so that no hop from socket to socket wakes a thread; else on the workers.
/// @tparam Impl The actor's class, over its base.
template <template <class> class Impl, class Handle, class... Ts>
Handle spawn_beside_sockets(caf::actor_system& system, Ts&&... xs) {
  if (system.has_middleman()) {
    caf::actor_config config{&system.middleman().backend()};
    return system.spawn_class<Impl<closing_broker<typename Handle::broker_base>>, caf::no_spawn_options>(
        config, std::forward<Ts>(xs)...);
  }
  caf::actor_config config;
  return system.spawn_class<Impl<typename Handle::base>, caf::no_spawn_options>(config, std::forward<Ts>(xs)...);
}

} // namespace cafbus
