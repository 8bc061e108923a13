#pragma once
#include "actors/bus.hpp"
#include "actors/shared_bytes.hpp"
#include "messages/node_actors.hpp"

#include <chrono>

namespace cafbus {

/// Gate -> export: the bus that it serves has come again, over another connection.
struct resume_export {
  node_hello hello;
};

/// Bus -> export: this bus stops, and waits for nobody who is not there.
struct end_waiting {};

/// What the gate, and the bus that is stopping, say to an export.
using resumable_export_actor = node_export_actor::extend<caf::reacts_to<resume_export>, caf::reacts_to<end_waiting>>;

/// Export -> gate: the other bus is gone; it is kept for that one to come again.
struct export_waits {
  uint64_t number = 0;
  uint64_t connection = 0; ///< Over which it served last: 1 for the first.
};

/// As exports see the gate.
using export_keeper_actor = caf::typed_actor<caf::reacts_to<export_waits>>;

struct node_export_options {
  bus_parts parts;
  export_keeper_actor keeper;
  uint64_t number = 0;                       ///< By which the other bus comes back to it.
  std::chrono::nanoseconds write_timeout{0}; ///< For the other bus to take anything of what is on its way.
  std::chrono::nanoseconds grace{0};         ///< For the other bus to come again.
  node_hello hello;                          ///< As the other bus introduced itself.
  shared_bytes::sum in_flight;               ///< Of all links with that certificate.
};

/// Whether the other bus can come back to an export that has these options.
inline bool is_resumable(const node_export_options& x) {
  return x.grace.count() > 0 && x.hello.protocol >= first_protocol_with_resume;
}

/// Spawns the sending end of a link: an in-process subscriber of this bus whose event types are what the other bus asks
/// for. So a link has a bounded mailbox and counters like any consumer, and a slow or dead bus costs just that. While
/// nothing is asked for, it is no subscriber, and keeps no bus from being idle. Up to `link_window` messages are on
/// their way at a time.
///
/// When the other end is gone, or takes nothing for `write_timeout`, it waits for `grace` with all that is queued, so
/// that nothing is lost if the other bus comes again. Without a grace, or with nothing asked for, it ends.
resumable_export_actor spawn_node_export(caf::actor_system& system, node_export_options options);

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::resume_export)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::end_waiting)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::export_waits)
