#pragma once
#include "io/links/link_terms.hpp"
#include "io/sockets/socket_calls.hpp"

#include <atomic>
#include <caf/fwd.hpp>

namespace cafbus {

struct link_connector_options {
  node_place place;
  link_terms_ptr terms;
  std::shared_ptr<std::atomic<bool>> abandoned; ///< Set, from any thread, it ends what the connector is waiting for.
  socket_calls* calls = nullptr;                ///< Outlives the connector.
};

/// Spawns what makes connections to one other bus, in a thread of its own since that blocks; each connection is a
/// session, which ends with the connector.
link_connector_actor spawn_link_connector(caf::actor_system& system, link_connector_options options);

} // namespace cafbus
