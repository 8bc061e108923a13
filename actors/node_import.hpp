#pragma once
#include "actors/bus.hpp"
#include "messages/node_actors.hpp"

#include <functional>

namespace cafbus {

struct node_import_options {
  std::string source; ///< Name in status: node:HOST:PORT.
  std::string peer;   ///< HOST:PORT.
  std::string name;   ///< How this bus introduces itself.
  bus_parts parts;
  node_connector_actor connector; ///< Ends with the import.
  std::function<void()> abandon; ///< Makes the connector give up what it is waiting for; from any thread. May be empty.
  uint64_t seed = 0;             ///< Of the jitter between attempts.
};

/// How a bus introduces itself to others: app, process and host.
std::string introduction_of(const bus_options& x);

/// Spawns the receiving end of a link: a source whose events are those of another bus. It asks the other bus for what
/// is wanted here, and for less when less is; comes again, after a pause that doubles up to a limit, whenever the link
/// is gone. It never gives up. States: connecting, connected, reconnecting, disconnected (stopped). Status has it from
/// when this returns.
source_actor spawn_node_import(caf::actor_system& system, node_import_options options);

} // namespace cafbus
