#pragma once
#include "messages/actors.hpp"

#include <caf/fwd.hpp>
#include <chrono>
#include <functional>

namespace cafbus {

/// One command of a subscription id that is to be run.
struct hook_run {
  std::string subscription_id;
  uint64_t ticket = 0; ///< Comes back in `hook_done`.
  std::string command; ///< For /bin/sh, with CAFBUS_APP and CAFBUS_SUBSCRIPTION_ID in its environment.
};

/// Ends a command that is running, its children included: SIGTERM, then SIGKILL. Its `hook_done` still comes. Any
/// thread, any number of times; the first one counts.
using hook_cancel = std::function<void(std::chrono::nanoseconds kill_after)>;

/// Starts a command and sends `hook_done` to the coordinator when it, and everything that it started, has ended.
/// A parameter of the coordinator, so that tests need no processes.
using hook_launcher = std::function<hook_cancel(const hook_run&, const cleanup_lock_actor&)>;

/// The real one: a detached actor for each command. @param app For the command's environment.
hook_launcher process_hooks(caf::actor_system& system, std::string app);

} // namespace cafbus
