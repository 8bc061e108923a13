#pragma once
#include "base/result.hpp"

#include <caf/scoped_actor.hpp>
#include <functional>

namespace cafbus {

/// Runs `work` on a thread of its own, for which the system waits at its end.
///
/// Instead of `spawn<detached>`: CAF 0.17 counts the thread before it makes it, and where the system has none to give
/// it would wait for that thread for ever.
/// @param work Gets an actor of its own, for requests. What it throws ends it and nothing else.
/// @returns a failure if there is no thread to be had; then `work` is not called.
result<void> run_on_own_thread(caf::actor_system& system, std::function<void(caf::scoped_actor&)> work);

} // namespace cafbus
