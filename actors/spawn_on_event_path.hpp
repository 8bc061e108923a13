#pragma once
#include "actors/closing_broker.hpp"
#include "actors/inline_turn.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/typed_broker.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>

namespace cafbus {

/// Spawns an actor of the path of an event: in a system with the I/O module on the multiplexer's thread, as a broker
/// without a socket that takes its turns inline, so that no hop from socket to socket wakes a thread; else on the
/// workers.
/// @tparam Impl The actor's class, over its base; a `handler_of` each of the messages.
/// @tparam Messages What it handles at once (`inline_turn`).
template <template <class> class Impl, class Handle, class... Messages, class... Ts>
Handle spawn_on_event_path(caf::actor_system& system, Ts&&... xs) {
  if (system.has_middleman()) {
    using base = inline_turn<closing_broker<typename Handle::broker_base>, Messages...>;
    caf::actor_config config{&system.middleman().backend()};
    return system.spawn_class<Impl<base>, caf::no_spawn_options>(config, std::forward<Ts>(xs)...);
  }
  caf::actor_config config;
  using base = mailbox_turn<typename Handle::base, Messages...>;
  return system.spawn_class<Impl<base>, caf::no_spawn_options>(config, std::forward<Ts>(xs)...);
}

} // namespace cafbus
