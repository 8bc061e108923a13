#pragma once
#include "config/link_rights.hpp"
#include "messages/actors.hpp"
#include "messages/link_protocol.hpp"
#include "messages/link_transport.hpp"

/// What the two ends of a link say to each other. Between two processes a session at each end (io/links/link_session)
/// stands for the other end, and turns these messages into bytes and back (messages/link_frames.hpp).
///
///   import (of the bus that wants events)                export (of the bus that has them)
///     -- node_hello --> gate, which spawns the export;  <-- node_welcome --
///     -- node_interest --> ...                           <-- node_events --, each acknowledged
namespace cafbus {

/// Events on their way to another bus, encoded by `encode_events`. They are bytes that somebody else may have made:
/// `decode_events` believes none of them.
struct node_events {
  std::string body;
};

/// Credit for one more.
struct node_events_taken {};

/// Takes events of another bus.
using node_import_actor = caf::typed_actor<caf::replies_to<node_events>::with<node_events_taken>>;

struct node_interest_taken {};

/// Sends what one other bus is interested in.
using node_export_actor = caf::typed_actor<caf::replies_to<node_interest>::with<node_interest_taken>>;

/// Who is at the other end of a connection, as this process has found out; nothing of it is the peer's own word.
struct link_peer {
  link_transport transport = link_transport::none;
  std::string certificate = {}; ///< The name in the certificate; empty without TLS.
  std::string expires = {};     ///< RFC 3339, of that certificate.
  link_rights rights = {};
};

struct node_hello {
  uint64_t node = 0;     ///< Of the bus that wants events.
  std::string name = {}; ///< For status and log: app, process id and host.
  node_import_actor importer = {};
  link_peer peer = {};                       ///< Who says that.
  uint16_t protocol = highest_link_protocol; ///< The newest that both speak.
  link_resume resume = {};                   ///< What the bus that wants events comes back to.
};

struct node_welcome {
  uint64_t node = 0;
  std::string refused = {}; ///< Why not; empty: welcome.
  node_export_actor exporter = {};
  link_peer peer = {};                       ///< Who says that.
  uint16_t protocol = highest_link_protocol; ///< As in the hello.
  link_export held = {};                     ///< What `exporter` is to the bus that has it.
};

/// The door of a bus for others.
using node_gate_actor = caf::typed_actor<caf::replies_to<node_hello>::with<node_welcome>>;

/// Brings the door of another bus; a new connection each time.
struct connect_node {};
using node_connector_actor = caf::typed_actor<caf::replies_to<connect_node>::with<node_gate_actor>>;

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::node_events)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::node_events_taken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::node_interest_taken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::node_hello)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::node_welcome)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::connect_node)
