#pragma once
#include "config/paths.hpp"
#include "io/client/client.hpp"

#include <functional>
#include <optional>
#include <string>
#include <variant>

/// Finds the daemon of an app, or starts one. Plain C++; to be used while the process has one thread only, since it
/// forks.
namespace cafbus {

/// How far `reach_bus` goes.
enum class spawn_policy : uint8_t {
  never,     ///< Only an existing daemon will do.
  on_demand, ///< Start one, unless the hold marker forbids it.
  asked_for, ///< Start one and clear the hold marker.
};

/// What is done with a fresh connection; by its success the bus has proved that it is alive. Failures of kind
/// `stopping`, `closed` or `not_running` mean "try another bus", `timeout` "find out whether this one is wedged";
/// others are final.
using greeting = std::function<std::optional<client_failure>(client&)>;

struct reached {
  client bus;
  bool started = false; ///< By us.
};

/// Connects to the daemon of `paths` and greets it; waits for the end of one that is dying and starts one where there
/// is none. Bounded in time. @returns the connection as the greeting left it, or why there is none, with the way out.
std::variant<reached, client_failure> reach_bus(const app_paths& paths, spawn_policy policy, const greeting& greet);

/// A greeting for those who want nothing in particular: asks for the status. Uses the connection up.
std::optional<client_failure> ask_for_life(client& bus);

/// How the start of a daemon ended.
struct spawn_outcome {
  std::string error;   ///< What it reported, or how it died; empty if it is ready.
  bool killed = false; ///< Somebody killed it before it could say a word: no fault of its own.
};

/// Starts a detached daemon by executing this program again, and waits until it listens. @pre the fork lock is held.
spawn_outcome spawn_daemon(const app_paths& paths);

} // namespace cafbus
