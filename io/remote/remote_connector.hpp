#pragma once
#include "messages/node_actors.hpp"

#include <caf/io/middleman_actor.hpp>
#include <cstdint>
#include <string>

namespace cafbus {

struct remote_connector_options {
  std::string host;
  uint16_t port = 0;
  caf::io::middleman_actor manager; ///< Connects CAF nodes: CAF's middleman, or its counterpart with TLS.
};

/// Spawns what brings the gate that another CAF node has published; each time a session stands for it, which ends with
/// this. Does not block: the manager does, in a thread of its own. At most one question to it is open, however often
/// this is asked, since a node that accepts a connection and says nothing leaves that question open for ever.
node_connector_actor spawn_remote_connector(caf::actor_system& system, remote_connector_options options);

} // namespace cafbus
