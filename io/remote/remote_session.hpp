#pragma once
#include "io/links/link_talk.hpp"
#include "messages/remote_actors.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace cafbus {

/// Stands for the gate and the export of the other node to the import of this one (caller), or for the import to the
/// gate and the export (answerer).
using remote_session_actor = node_gate_actor                           // from the import, once
    ::extend_with<node_export_actor>                                   // from the import
    ::extend_with<node_import_actor>                                   // from the export
    ::extend_with<remote_gate_actor>                                   // bytes, from the session of the other node
    ::extend<caf::replies_to<await_greeting>::with<node_gate_actor>,   // from the connector
             caf::reacts_to<link_overdue>, caf::reacts_to<link_tick>>; // INTERNAL

struct remote_session_options {
  std::shared_ptr<const link_talk_terms> terms;
  caf::strong_actor_ptr far; ///< Caller: the other node's gate. Answerer: the session that has called.
  link_rights rights = {};   ///< Of the other node.
};

/// Spawns one end of a link between two CAF nodes: carries what is said on a link in messages of CAF. It is not the
/// import and the export that meet over CAF's network, since each of them ends the other's handle when it gives a
/// connection up, and then comes back to it over another one; what ends here is the pair of sessions.
remote_session_actor spawn_remote_session(caf::actor_system& system, remote_session_options options);

} // namespace cafbus
