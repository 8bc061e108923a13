#pragma once
#include "messages/node_actors.hpp"

#include <caf/io/typed_broker.hpp>

/// The interfaces of the actors that own the sockets of links; apart from `node_actors.hpp` because they need CAF's I/O
/// module.
namespace cafbus {

// -- link_session: one a connection; owns its socket, its TLS and its frame reader -----------------------------------

/// Connector -> session: answered when the other bus has greeted, or with an error that says why it has not.
struct await_greeting {};

/// Broker or connector -> session: end.
struct close_link {
  std::string reason; ///< For the log and the other bus.
};

/// INTERNAL timers: the connection has had its time to become a link; is the other bus still there?
struct link_overdue {};
struct link_tick {};

/// Stands for the gate and the export to the import of this process (caller), or for the import to the gate and the
/// export (answerer).
using link_session_actor = node_gate_actor                             // from the import, once
    ::extend_with<node_export_actor>                                   // from the import
    ::extend_with<node_import_actor>                                   // from the export
    ::extend_with<caf::io::connection_handler>                         // bytes, from the multiplexer
    ::extend<caf::reacts_to<caf::io::data_transferred_msg>,            // from the multiplexer
             caf::replies_to<await_greeting>::with<node_gate_actor>,   // from the connector
             caf::reacts_to<close_link>,                               // from broker and connector
             caf::reacts_to<link_overdue>, caf::reacts_to<link_tick>>; // INTERNAL

// -- link_broker: owns the socket where other buses connect; forks one session a connection --------------------------

/// Session -> broker: it is a link now.
struct link_established {
  caf::actor_addr session;
};

/// INTERNAL timer: the listener is still paused.
struct make_link_room {};

/// What links are made by: certificates, and who may what. Immutable; io/links/link_terms.hpp.
struct link_terms;
using link_terms_ptr = std::shared_ptr<const link_terms>;

/// From the daemon, on SIGHUP: for every connection from now on. If others may do other things, links are made again.
struct change_link_terms {
  link_terms_ptr terms;
};

using link_broker_actor = caf::io::accept_handler // connections, from the multiplexer
    ::extend<caf::reacts_to<link_established>,    // from sessions
             caf::reacts_to<change_link_terms>,   // from the daemon
             caf::reacts_to<make_link_room>>;     // INTERNAL

/// Makes connections to one other bus.
using link_connector_actor = node_connector_actor // from the import
    ::extend<caf::reacts_to<change_link_terms>>;  // from the daemon

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::await_greeting)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::close_link)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::link_overdue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::link_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::link_established)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::make_link_room)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::change_link_terms)
