#pragma once
#include "messages/node_actors.hpp"

#include <array>
#include <caf/actor_clock.hpp>
#include <chrono>
#include <memory>
#include <random>
#include <vector>

namespace cafbus::testing {

/// One connection over a wire: an actor at each end stands for the actor at the other, as CAF's proxies do. `far` is at
/// the bus that has the events and plays the import to its export; `near` plays the export to the import.
/// All of it lives on the harness's one thread.
enum wire_side : uint8_t { far, near };
using wire_end_actor = node_import_actor::extend_with<node_export_actor>;
struct wire_connection {
  std::array<wire_end_actor, 2> ends;
  node_export_actor exporter; ///< The real ones.
  node_import_actor importer;
  bool broken = false; ///< Nothing passes any more; the ends learn of it later.
};

/// Time of a message on its way.
struct wire_latency {
  std::chrono::nanoseconds shortest{0};
  std::chrono::nanoseconds longest{0};
};

/// What lies between two buses: keeps each direction's order, as a stream does, and is otherwise as slow, and as
/// often cut, as it is told.
struct node_wire {
  node_gate_actor gate; ///< Of the bus that has the events; null: it is gone.
  std::mt19937_64* random = nullptr;
  bool up = true;
  std::array<wire_latency, 2> latency;                       ///< Of what comes from that side.
  std::array<uint64_t, 2> bandwidth{0, 0};                   ///< Bytes per second of what comes from there; 0: any.
  std::array<bool, 2> blocked{false, false};                 ///< What comes from that side waits, in order.
  std::vector<std::shared_ptr<wire_connection>> connections; ///< Some may have ended.

  /// A time on its way from that side, by lot.
  std::chrono::nanoseconds delay(wire_side from) const;

  /// Sends so many bytes from that side, behind all that was sent from there before. @returns when they are out.
  caf::actor_clock::time_point sent(wire_side from, size_t bytes, caf::actor_clock::time_point now);

  std::array<caf::actor_clock::time_point, 2> busy_until{}; ///< With what comes from that side.

  /// What waits goes on its way.
  void unblock(wire_side from);

  /// Breaks every connection, and both ends learn of it at once. The next attempt to connect succeeds.
  void reset();

  /// Breaks every connection: what is on its way is lost, each end learns of it within `notice`, by lot and not at the
  /// same time, as with a machine that falls silent. Nobody connects before `up` is set again.
  void cut(std::chrono::nanoseconds notice);

  /// Ends the exports at the far bus, as a crash of theirs would.
  void kill_exports();
};

/// Spawns the connector of an import: connects over the wire while it is up, else is refused.
node_connector_actor spawn_wire_connector(caf::actor_system& system, std::shared_ptr<node_wire> wire);

} // namespace cafbus::testing
