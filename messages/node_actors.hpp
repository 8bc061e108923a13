#pragma once
#include "messages/actors.hpp"

/// What linked buses say to each other. These messages cross machines: each has `inspect` and is registered by
/// `add_node_messages`. Both ends are this program, of the same `node_protocol`.
///
///   import (of the bus that wants events)                export (of the bus that has them)
///     -- node_hello --> gate, which spawns the export;  <-- node_welcome --
///     -- node_interest --> ...                           <-- node_events --, one at a time, each acknowledged
namespace cafbus {

/// Grows with every change that an older bus would not understand.
inline constexpr uint32_t node_protocol = 1;

/// Events on their way to another bus: an `event_batch` whose slots and origins are one block of bytes, so that the
/// cost of a message does not grow with its events' number. `to_batch` checks them before anything is believed.
struct node_events {
  std::string bytes;
  std::string layout; ///< The slots, then the origins, as they lie in memory.
  uint32_t count = 0;
  std::vector<std::string> types;
  uint64_t dropped = 0; ///< Events for this link that had to be dropped, since it was made.
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_events& x) {
  return f(caf::meta::type_name("cafbus::node_events"), x.bytes, x.layout, x.count, x.types, x.dropped);
}

/// Credit for the next.
struct node_events_taken {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_events_taken&) {
  return f(caf::meta::type_name("cafbus::node_events_taken"));
}

/// Takes events of another bus.
using node_import_actor = caf::typed_actor<caf::replies_to<node_events>::with<node_events_taken>>;

struct node_interest_taken {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_interest_taken&) {
  return f(caf::meta::type_name("cafbus::node_interest_taken"));
}

/// Sends what one other bus is interested in.
using node_export_actor = caf::typed_actor<caf::replies_to<node_interest>::with<node_interest_taken>>;

struct node_hello {
  uint32_t protocol = node_protocol;
  uint64_t node = 0; ///< Of the bus that wants events.
  std::string name;  ///< For status and log: app, process id and host.
  node_import_actor importer;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_hello& x) {
  return f(caf::meta::type_name("cafbus::node_hello"), x.protocol, x.node, x.name, x.importer);
}

struct node_welcome {
  uint32_t protocol = node_protocol;
  uint64_t node = 0;
  std::string refused; ///< Why not; empty: welcome.
  node_export_actor exporter;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_welcome& x) {
  return f(caf::meta::type_name("cafbus::node_welcome"), x.protocol, x.node, x.refused, x.exporter);
}

/// The door of a bus for others.
using node_gate_actor = caf::typed_actor<caf::replies_to<node_hello>::with<node_welcome>>;

/// Brings the door of another bus; a new connection each time.
struct connect_node {};
using node_connector_actor = caf::typed_actor<caf::replies_to<connect_node>::with<node_gate_actor>>;

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::connect_node)
