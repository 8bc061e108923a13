#pragma once
#include "base/spawn.hpp"
#include "messages/actors.hpp"

#include <caf/fwd.hpp>
#include <chrono>
#include <functional>

namespace cafbus {

/// A hook of a subscription id that is to be run.
struct hook_run {
  std::string subscription_id;
  uint64_t ticket = 0; ///< Comes back in `hook_done`.
  hook_kind hook = hook_kind::on_first;
  std::string command; ///< For /bin/sh. Empty, of an `on_last`: only what `on_first` has left is ended.
  command_context context;
};

/// Environment, folder and umask of hooks, as their consumer asked.
command_context context_of(const hook_commands& x);

/// Ends a hook that is running, its children included: SIGTERM, then SIGKILL. Its `hook_done` still comes. Any thread,
/// any number of times; the first one counts.
using hook_cancel = std::function<void(std::chrono::nanoseconds kill_after)>;

/// Starts a hook and sends `hook_done` to the coordinator when it has ended. A parameter of the coordinator, so that
/// tests need no processes.
using hook_launcher = std::function<hook_cancel(const hook_run&, const cleanup_lock_actor&)>;

/// The real one: all hooks run under one thread, which is there from the first one on. The system waits for it.
///
/// A hook ends when its shell ends. Processes that a failed hook or an `on_last` leaves in its process group are
/// ended then. Processes of a successful `on_first` (a tunnel, a port-forward) run until the `on_last` of its id has
/// ended; then they get SIGTERM and, a second later, SIGKILL.
///
/// @param app For the environment, as CAFBUS_APP, beside CAFBUS_SUBSCRIPTION_ID.
/// @param usual For consumers that have not asked for a context.
/// @param most_left Ids whose `on_first` may have left processes that have its standard error; of one more it fails.
hook_launcher process_hooks(caf::actor_system& system, const std::string& app, command_defaults usual,
                            size_t most_left);

} // namespace cafbus
