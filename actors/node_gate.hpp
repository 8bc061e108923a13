#pragma once
#include "actors/bus.hpp"
#include "messages/node_actors.hpp"

namespace cafbus {

/// Spawns the door of a bus for other buses. For each that introduces itself it spawns an export; a bus that comes
/// again, e.g. after a broken connection, gets its export back if that waits for it and the same rights hold, else a
/// new one in place of the old. Where there are as many as there may be, the export that has waited for longest makes
/// room. The last quarter of all places is kept from a certificate that has a quarter already. Ends with its bus, and
/// its exports with it.
/// @param places For links at a time, at least 1.
node_gate_actor spawn_node_gate(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                                size_t places = defaults::max_node_links);

} // namespace cafbus
