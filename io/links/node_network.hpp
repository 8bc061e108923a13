#pragma once
#include "actors/bus.hpp"
#include "base/unique_fd.hpp"
#include "config/host_port.hpp"
#include "config/options.hpp"
#include "messages/node_actors.hpp"

#include <caf/fwd.hpp>
#include <string>
#include <variant>

/// Links between buses on CAF's own network layer: the gate of a bus is published like any CAF actor, and found like
/// one. The sockets are made here, so that they have time limits, and TLS a word in the log.
namespace cafbus {

/// Tells CAF what links need, before the system is made. @pre `prepare_nodes` has found nothing wrong.
void configure_nodes(caf::actor_system_config& config, const node_options& options);

/// Checks the options and opens the socket where other buses may connect, if that is asked for. May block while a name
/// is looked up. @returns the socket, none if it is not asked for, or an error text.
std::variant<unique_fd, std::string> prepare_nodes(const node_options& options);

/// Opens the bus's gate to the network. @param listening From `prepare_nodes`.
/// @pre the system was configured for links.
void welcome_nodes(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                   const node_options& nodes, unique_fd listening);

/// Spawns a source that is another bus. @param seed Of the jitter between attempts.
/// @pre the system was configured for links.
source_actor spawn_node_source(caf::actor_system& system, const bus_parts& parts, const std::string& app,
                               const std::string& source, const host_port& where, const node_options& nodes,
                               uint64_t seed);

} // namespace cafbus
