// Clients at the sockets of buses. What their sessions do for them is known here only by what comes out of the socket,
// but for the conn: its counters are what the laws compare with what the client has read.

#include "testing/harness_impl.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <stdexcept>

namespace cafbus::testing {

namespace {

/// The conn that a session has; null: it has ended, or serves no consumer.
conn_actor conn_of(simulated_network& network, int fd) {
  auto* scribe = network.scribe(fd);
  auto* session = scribe ? dynamic_cast<session_broker*>(scribe->parent()) : nullptr;
  return session ? session->state.conn : conn_actor{};
}

} // namespace

/// A listening socket and its broker, as `serve` of cafbus makes them.
void harness::impl::serve(size_t bus) {
  auto& x = buses[bus];
  if (x.listener)
    return;
  const auto newest = system.latest_actor_id();
  auto doorman = network->listen();
  x.listening = doorman->hdl();
  x.listener =
      network->spawn_broker(socket_broker, std::move(doorman), x.parts, x.options, &network->calls(), own_file{});
  caf::anon_send(x.parts.bus, attach_listener{x.listener});
  own(newest, bus);
}

socket_client& harness::add_client(const std::string& name, size_t bus, client_script script) {
  auto& x = *impl_;
  static_cast<void>(x.buses.at(bus));
  if (!x.network)
    throw std::logic_error{"add_client: this harness has no sockets, see harness_options"};
  x.serve(bus);
  auto state = std::make_shared<socket_client::state>();
  state->name = name;
  state->script = std::move(script);
  state->network = x.network;
  state->lot = &x.lot;
  state->listener = x.buses[bus].listening;
  state->fd = static_cast<int>(x.clients.size() + 1);
  state->on_ack = [](const hello_ack&) {};
  state->on_event = [](const event_frame&) {};
  state->on_breach = [&x, name](const std::string& what) { x.fail(name + ": " + what); };
  state->on_line = [&x, name](std::string_view line) {
    if (x.trace.options.events)
      x.note("client=" + name + " line=" + std::string{line});
  };
  state->on_end = [&x, name] { x.note("client=" + name + " closed"); };
  const auto& entry = x.clients.emplace_back(impl::client_entry{bus, state, std::make_unique<socket_client>(state)});
  if (!state->script.types.empty())
    x.add_consumer_of(entry);
  x.add_source_of(entry);
  const auto newest = x.system.latest_actor_id();
  state->actor = spawn_client(x.system, state);
  x.own(newest, bus);
  state->stir();
  return *entry.handle;
}

void harness::impl::add_consumer_of(const client_entry& x) {
  auto& state = *x.state;
  auto greeting = state.script.wishes;
  greeting.pid = state.fd;
  greeting.event_types = state.script.types;
  if (greeting.event_key.empty())
    greeting.event_key = state.name;
  if (greeting.subscription_id.empty())
    greeting.subscription_id = state.name;
  if (greeting.capabilities.empty())
    greeting.capabilities = {std::string{capability::gap}};
  state.outgoing = encode(greeting);
  if (!state.is_plain())
    return;
  const auto number = consumers.size();
  auto& entry = consumers.emplace_back();
  entry.bus = x.bus;
  entry.fd = state.fd;
  entry.record = std::make_shared<consumer_record>();
  entry.record->name = state.name;
  entry.record->script.types = state.script.types;
  entry.record->script.subscription_id = greeting.subscription_id;
  entry.record->node = buses[x.bus].parts.node;
  auto& peers = members[{x.bus, greeting.subscription_id}];
  for (auto i : peers)
    if (lives(consumers[i]))
      entry.peers_before.insert(i);
  peers.push_back(number);
  const auto client = clients.size() - 1;
  state.on_ack = [this, client, number](const hello_ack& y) { on_client_ack(client, number, y); };
  state.on_event = [this, bus = x.bus, number](const event_frame& y) { on_client_event(bus, number, y); };
  state.on_end = [end = state.on_end, record = entry.record] {
    record->over = true;
    end();
  };
}

void harness::impl::on_client_ack(size_t client, size_t consumer, const hello_ack& x) {
  auto& c = consumers[consumer];
  joined answer;
  answer.admitted = !x.rejected;
  answer.first = x.first_for_key;
  answer.reason = x.reject_reason;
  if (x.rejected)
    c.record->over = true; // that may be what the test is about
  else if (answer.conn = conn_of(*network, clients[client].state->fd); answer.conn)
    on_joined(consumer, answer);
}

/// The node of an event is not in its frame: it is that of the source that its payload names.
void harness::impl::on_client_event(size_t bus, size_t consumer, const event_frame& x) {
  sighting seen{x.seq, buses[bus].parts.node, 0, 0, x.event_type, x.payload};
  for (const auto& source : sources)
    if (source.bus != bus && x.payload.starts_with("{\"source\":\"" + source.record->name + "\","))
      seen.node = buses[source.bus].parts.node;
  on_event(consumer, seen);
}

void harness::impl::add_source_of(const client_entry& x) {
  auto record = std::make_shared<source_record>();
  record->name = x.state->name;
  x.state->on_taken = [record](const std::string& type) { ++record->taken[type]; };
  x.state->on_publish = [this] { anything_published = true; };
  sources.push_back({x.bus, {}, std::move(record)});
}

// -- the end ---------------------------------------------------------------------------------------------------------

void harness::impl::settle_clients() {
  for (auto& x : clients) {
    x.state->script.wire = {};
    x.handle->release();
  }
}

/// What the bus has not acknowledged to one that has gone it may have taken, or not.
void harness::impl::count_unanswered() {
  for (auto& x : clients) {
    const auto& left = x.state->unanswered;
    if (!left.empty() && !x.state->ends && network->scribe(x.state->fd))
      fail(x.state->name + ": " + std::to_string(left.size()) +
           " events that it has sent are not acknowledged, though all is well again");
    for (const auto& type : left)
      foreign_types.emplace(x.bus, type);
  }
}

void harness::impl::let_clients_leave() {
  for (auto& x : clients) {
    if (x.state->admitted)
      x.handle->send(R"({"type":"bye"})");
    x.handle->half_close();
  }
}

} // namespace cafbus::testing
