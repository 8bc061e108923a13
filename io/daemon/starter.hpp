#pragma once
#include "config/paths.hpp"
#include "io/client/client.hpp"

#include <functional>

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
/// `stopping`, `closed` or `not_found` mean "try another bus", `timed_out` "find out whether this one is wedged";
/// others are final.
using greeting = std::function<result<void>(client&)>;

struct reached {
  client bus;
  bool started = false; ///< By us.
};

/// Connects to the daemon of `paths` and greets it; waits for the end of one that is dying and starts one where there
/// is none. Bounded in time. @returns the connection as the greeting left it; a failure says the way out.
result<reached> reach_bus(const app_paths& paths, spawn_policy policy, const greeting& greet);

/// A greeting for those who want nothing in particular: asks for the status. Uses the connection up.
result<void> ask_for_life(client& bus);

} // namespace cafbus
