#pragma once
#include "messages/actors.hpp"

#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>

namespace cafbus {

/// Whether an actor has not ended.
template <class Handle>
bool alive(const Handle& x) {
  return !caf::actor_cast<caf::abstract_actor*>(x)->getf(caf::abstract_actor::is_terminated_flag);
}

} // namespace cafbus
