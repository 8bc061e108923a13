#pragma once
#include "actors/bus.hpp"
#include "messages/node_actors.hpp"

namespace cafbus {

/// Spawns the door of a bus for other buses. For each that introduces itself it spawns an export; a bus that comes
/// again, e.g. after a broken connection, gets a new one in place of the old. Ends with its bus, and its exports with
/// it.
node_gate_actor spawn_node_gate(caf::actor_system& system, const bus_parts& parts, const bus_options& options);

} // namespace cafbus
