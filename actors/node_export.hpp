#pragma once
#include "actors/bus.hpp"
#include "messages/node_actors.hpp"

#include <chrono>

namespace cafbus {

struct node_export_options {
  bus_parts parts;
  std::chrono::nanoseconds write_timeout{0}; ///< For the other bus to take anything of what is on its way.
  node_hello hello;                          ///< As the other bus introduced itself.
};

/// Spawns the sending end of a link: an in-process subscriber of this bus whose event types are what the other bus asks
/// for. So a link has a bounded mailbox and counters like any consumer, and a slow or dead bus costs just that. While
/// nothing is asked for, it is no subscriber, and keeps no bus from being idle. Up to `link_window` messages are on
/// their way at a time.
///
/// It ends when the other end does, or takes nothing for `write_timeout`; the other end notices and comes again.
node_export_actor spawn_node_export(caf::actor_system& system, node_export_options options);

} // namespace cafbus
