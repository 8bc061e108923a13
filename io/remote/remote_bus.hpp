#pragma once
#include "actors/bus.hpp"
#include "base/result.hpp"
#include "config/link_rights.hpp"
#include "messages/remote_actors.hpp"

#include <caf/fwd.hpp>
#include <caf/io/middleman_actor.hpp>
#include <cstdint>
#include <string>

/// Subscribers in another CAF program, over CAF's own network. An event never leaves its process as a message of CAF,
/// so `join` refuses an actor of another node. Instead, the program with the subscribers has a bus of its own, whose
/// events are those of the far bus that somebody here wants. Its subscribers `join` it as they would the other: with a
/// bounded mailbox, the stall limit, filters and patterns each, and one connection for all of them.
///
///   // both programs, before they make their actor_system
///   config.load<caf::io::middleman>();
///   cafbus::add_remote_types(config);
///
///   // the program with the events
///   cafbus::bus_handle bus{system, options};
///   auto port = cafbus::publish_remote_gate(system, bus.parts(), options, {.port = 4711});
///
///   // the program with the subscribers
///   cafbus::bus_handle near{system, options};
///   auto added = cafbus::add_remote_bus(system, near.parts(), options, {.host = "127.0.0.1", .port = 4711});
///   caf::anon_send(*near, cafbus::join{subscriber, {.event_key = "news"}});
///
/// Both are linked as two buses are by `add_links`: what a full queue or a long cut costs is told exactly, as a hole in
/// each subscriber's sequence numbers; a connection that is lost is made again, and what the far bus has queued
/// meanwhile is still there within its `link_grace`.
///
/// CAF'S NETWORK TRUSTS ITS NODES. Nothing guards it: whoever can connect to the port can end actors of this process,
/// crash it, and fill its memory, before a byte comes to the bus. What comes to the bus is bounded and checked as over
/// a link, so a faulty bus costs only its own connection. So this is for nodes that trust each other, over the loopback
/// address of a machine whose users do, a private network, or CAF's TLS with its certificates. Between others
/// `add_links` is right. io/remote/REMOTE.md has more.
namespace cafbus {

/// Announces what crosses CAF's network. To be called in both programs, before the actor system is made.
void add_remote_types(caf::actor_system_config& config);

/// Spawns the door of a bus for other CAF nodes, to be published by `system.middleman().publish(gate, port)`,
/// `caf::openssl::publish(gate, port)` or `publish_remote_gate`, which alone closes the port as well. It belongs to the
/// bus and ends with it.
/// @param options Those that the bus was spawned with.
/// @param rights Of every node that comes: only `read` matters, for nothing comes the other way.
/// @pre the system has the types and CAF's I/O module
remote_gate_actor spawn_remote_gate(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                                    const link_rights& rights = {});

/// How a bus is published.
struct remote_gate_setup {
  std::string address = "127.0.0.1"; ///< Where nodes connect; empty: every address of this machine.
  uint16_t port = 0;                 ///< 0: a free one.
  link_rights rights = {};
  caf::io::middleman_actor manager = {}; ///< Null: CAF's middleman. With TLS: `openssl_manager().actor_handle()`.
};

/// Spawns the door of a bus and publishes it, until the bus ends; once `stop` has returned, another bus may be
/// published there.
/// @returns the port, or why not: also if the types are not announced, CAF's I/O module is not loaded, or the bus has
/// ended.
/// Blocks for an instant, or up to 5 s while the manager connects to somewhere else: not to be called from an actor,
/// unless it is a detached one.
result<uint16_t> publish_remote_gate(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                                     const remote_gate_setup& setup = {});

/// Where another program has published its bus.
struct remote_bus_place {
  std::string host = {};
  uint16_t port = 0;
  caf::io::middleman_actor manager = {}; ///< As in `remote_gate_setup`.
};

/// Makes the bus of another program a source of this one, named caf:HOST:PORT in status. It is asked for what somebody
/// here wants, and tried again and again while it is not there. Does not block.
/// @param options Those that the bus was spawned with.
/// @pre that bus is no source yet, by this name of its host or another: two links to one bus take it from each other
/// @returns what is wrong with the place, the system or the bus, and then adds nothing.
result<void> add_remote_bus(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                            const remote_bus_place& place);

} // namespace cafbus
