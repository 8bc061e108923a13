#pragma once
#include "actors/bus.hpp"
#include "base/result.hpp"

#include <caf/fwd.hpp>
#include <string>

namespace cafbus {

/// Serves consumers and producers at `options.socket`, mode 0600, until the bus ends, which removes the file. Only
/// processes of our user and of root are let in. What a bus has left there that died is replaced; a socket at which
/// somebody listens is not.
///
///   cafbus::bus_options options{.socket = "/run/user/1000/demo.sock"};
///   auto parts = cafbus::spawn_bus(system, options);
///   auto serving = cafbus::serve(system, parts, options);        // else serving.error().text says why not
///
/// The folder must be writable by its owner alone. `cafbus consume` finds a socket at `socket_path(app, dir)`.
/// @param options Those that the bus was spawned with.
/// Fails as well if the system has not loaded CAF's I/O module, or the bus has ended.
result<void> serve(caf::actor_system& system, const bus_parts& parts, const bus_options& options);

} // namespace cafbus
