#include "io/remote/remote_bus.hpp"

#include "actors/node_import.hpp"
#include "io/remote/remote_connector.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <chrono>
#include <set>
#include <typeindex>

namespace cafbus {

namespace {

/// Refuses what cannot work.
result<caf::io::middleman_actor> manager_for(caf::actor_system& system, const bus_parts& parts,
                                             const caf::io::middleman_actor& given) {
  if (auto checked = check_door(system, parts.bus); !checked)
    return checked.error();
  if (!system.config().type_names_by_rtti.contains(std::type_index{typeid(remote_bytes)}))
    return failure{
        failure_kind::invalid,
        "the actor system does not know what crosses CAF's network; call `cafbus::add_remote_types` with its "
        "configuration before it is made"};
  return given ? given : system.middleman().actor_handle();
}

/// Holds the port at which a gate is published; CAF keeps that of an actor that has ended. Ends when it is closed.
/// @param broker Of CAF's network, which closes it. A manager only passes that on, and is blocked while it connects.
caf::behavior publication(caf::event_based_actor* self, const caf::actor& broker, const remote_gate_actor& gate,
                          uint16_t port) {
  auto end = [self] { self->quit(caf::exit_reason::user_shutdown); };
  auto take_back = [=] {
    self->request(broker, caf::infinite, caf::unpublish_atom::value, gate.address(), port)
        .then(end, [end](const caf::error&) { end(); });
  };
  self->set_error_handler([](caf::error&) {}); // an error is an answer, too
  self->monitor(gate);
  self->set_down_handler([=](const caf::down_msg&) { take_back(); });
  self->set_exit_handler([=](const caf::exit_msg&) { take_back(); });
  return {[](caf::unit_t) {}}; // nobody sends it anything
}

} // namespace

void add_remote_types(caf::actor_system_config& config) {
  config.add_message_type<remote_bytes>("cafbus::remote_bytes");
}

result<uint16_t> publish_remote_gate(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                                     const remote_gate_setup& setup) {
  auto manager = manager_for(system, parts, setup.manager);
  if (!manager)
    return std::move(manager).error();
  auto gate = spawn_remote_gate(system, parts, options, setup.rights);
  result<uint16_t> published = failure{failure_kind::system, ""};
  caf::scoped_actor self{system};
  self->request(*manager, defaults::node_connect_timeout, caf::publish_atom::value, setup.port,
                caf::actor_cast<caf::strong_actor_ptr>(gate), system.message_types(gate), setup.address, true)
      .receive([&](uint16_t port) { published = port; },
               [&](const caf::error& e) {
                 published = failure{failure_kind::system, "cannot publish the bus at " + setup.address + ':' +
                                                               std::to_string(setup.port) + ": " + system.render(e)};
               });
  if (!published) {
    self->send_exit(gate, caf::exit_reason::user_shutdown);
    return published;
  }
  auto broker = system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP")); // is there already
  caf::anon_send(parts.bus, attach_part{system.spawn(publication, broker, gate, *published)});
  return published;
}

result<void> add_remote_bus(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                            const remote_bus_place& place) {
  auto manager = manager_for(system, parts, place.manager);
  if (!manager)
    return std::move(manager).error();
  if (place.host.empty() || place.port == 0)
    return failure{failure_kind::invalid, "the place of a remote bus needs a host and a port"};
  node_import_options x;
  x.peer = place.host + ':' + std::to_string(place.port);
  x.source = "caf:" + x.peer;
  x.name = introduction_of(options);
  x.parts = parts;
  x.connector = spawn_remote_connector(system, {place.host, place.port, *manager});
  x.seed = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  auto name = x.source;
  caf::anon_send(parts.bus, attach_source{name, spawn_node_import(system, std::move(x))});
  return {};
}

} // namespace cafbus
