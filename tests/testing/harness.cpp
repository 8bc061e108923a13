// Why not CAF's own test fixture: it is tied to CAF's test engine and its macros, so that no other framework could use
// it, and it runs actors in the order in which they became ready, which is one interleaving out of all.

#include "testing/harness.hpp"

#include "actors/node_gate.hpp"
#include "actors/node_import.hpp"
#include "testing/harness_impl.hpp"

#include <algorithm>
#include <caf/actor_registry.hpp>
#include <caf/send.hpp>
#include <cstdio>
#include <cstdlib>
#include <optional>

namespace cafbus::testing {

namespace {

using namespace std::chrono_literals;

template <class Handle>
void kill(const Handle& x) {
  if (x)
    caf::anon_send_exit(x, caf::exit_reason::kill);
}

} // namespace

// -- the end ---------------------------------------------------------------------------------------------------------

void harness::impl::end_all() {
  held.clear();
  release_parked();
  laws.clear(); // what they look at may be gone by now
  restless = 0;
  trace.options.capacity = 0;
  for (auto& [name, actor] : std::exchange(adopted, {}))
    kill(actor);
  for (auto& x : sources)
    kill(x.actor);
  for (auto& x : consumers)
    kill(x.actor);
  for (auto& x : clients)
    kill(std::exchange(x.state->actor, nullptr));
  for (auto& x : buses) {
    kill(x.parts.bus);
    kill(x.gate);
    kill(x.listener);
  }
  for (auto& x : links)
    x.wire->cut(0s);
  settle();
  consumers.clear();
  sources.clear();
  clients.clear();
  links.clear();
  buses.clear();
  auto end = scheduler.clock().now() + 1h;
  while (system.registry().running() > 0 && scheduler.clock().now() < end && step()) {
  }
  settle();
  scheduler.clock().cancel_all();
  if (auto left = system.registry().running(); left > 0) {
    std::fprintf(stderr, "cafbus::testing::harness: %zu actors have not ended\n", left);
    std::abort();
  }
}

// -- the cast --------------------------------------------------------------------------------------------------------

harness::harness(uint64_t seed) : harness{run_plan{seed}} {}

harness::harness(run_plan plan, const harness_options& options)
  : impl_{std::make_unique<impl>(std::move(plan), options)} {}

harness::~harness() {
  impl_->end_all();
}

size_t harness::add_bus(const std::string& name, bus_options options) {
  auto& all = impl_->buses;
  options.app = name;
  if (options.node == 0)
    options.node = all.size() + 1;
  if (options.idle_timeout == bus_options{}.idle_timeout)
    options.idle_timeout = 0s;
  all.push_back({.name = name, .options = options});
  impl_->spawn_parts(all.size() - 1);
  return all.size() - 1;
}

/// Virtual time as a time of day.
wall_clock harness::impl::clock_of(const bus_entry& x) {
  return [this, skew = x.skew] {
    using std::chrono::system_clock;
    return system_clock::time_point{
        std::chrono::duration_cast<system_clock::duration>(scheduler.clock().now().time_since_epoch() + *skew)};
  };
}

void harness::impl::spawn_parts(size_t bus) {
  const auto newest = system.latest_actor_id();
  auto& x = buses[bus];
  if (!x.options.wall_clock)
    x.options.wall_clock = clock_of(x);
  x.parts = spawn_bus(system, x.options);
  x.gate = spawn_node_gate(system, x.parts, x.options);
  if (std::exchange(x.listener, nullptr))
    serve(bus);
  own(newest, bus);
  actors[x.parts.hub.id()].is_hub = true;
}

size_t harness::add_link(size_t from, size_t to) {
  auto wire = std::make_shared<node_wire>();
  wire->gate = impl_->buses.at(from).gate;
  wire->random = &impl_->stream("link " + std::to_string(impl_->links.size()));
  static_cast<void>(impl_->buses.at(to)); // throws if there is none
  impl_->links.push_back({from, to, std::move(wire)});
  impl_->attach_import(impl_->links.size() - 1);
  return impl_->links.size() - 1;
}

void harness::impl::attach_import(size_t link) {
  const auto newest = system.latest_actor_id();
  const auto& [from, to, wire] = links[link];
  const auto& taker = buses[to];
  node_import_options x;
  x.source = "node:" + buses[from].name;
  x.peer = buses[from].name;
  x.name = taker.name;
  x.parts = taker.parts;
  x.connector = spawn_wire_connector(system, wire);
  x.seed = (*wire->random)();
  auto source = x.source;
  caf::anon_send(taker.parts.bus, attach_source{source, spawn_node_import(system, std::move(x))});
  own(newest, to);
}

size_t harness::add_source(const std::string& name, size_t bus, source_script script) {
  auto record = std::make_shared<source_record>();
  record->name = name;
  record->script = std::move(script);
  record->wall_clock = impl_->buses.at(bus).options.wall_clock;
  record->on_publish = [this] { impl_->anything_published = true; };
  const auto& parts = impl_->buses.at(bus).parts;
  auto actor = spawn_scripted_source(impl_->system, record, parts, impl_->stream(name));
  impl_->scripted.insert(actor.id());
  if (record->script.attached)
    caf::anon_send(parts.bus, attach_source{name, actor});
  else
    caf::anon_send(actor, start_source{});
  impl_->sources.push_back({bus, actor, record});
  return impl_->sources.size() - 1;
}

size_t harness::add_consumer(const std::string& name, size_t bus, consumer_script script) {
  auto& all = impl_->consumers;
  const auto& parts = impl_->buses.at(bus).parts;
  auto number = all.size();
  auto record = std::make_shared<consumer_record>();
  record->name = name;
  record->script = std::move(script);
  if (record->script.subscription_id.empty())
    record->script.subscription_id = name;
  record->node = parts.node;
  record->on_event = [this, number](const sighting& x) { impl_->on_event(number, x); };
  auto& entry = all.emplace_back();
  entry.bus = bus;
  entry.record = record;
  const auto draws = record->script.longest_pace > record->script.shortest_pace; // a generator takes 2.5 KB
  entry.actor = spawn_scripted_consumer(impl_->system, record, draws ? impl_->stream(name) : impl_->random);
  subscriber_actor shown = entry.actor;
  if (record->script.through)
    shown = record->script.through(shown);
  auto& peers = impl_->members[{bus, record->script.subscription_id}];
  for (auto i : peers)
    if (impl_->lives(all[i]))
      entry.peers_before.insert(i);
  peers.push_back(number);
  if (record->script.join_by) {
    entry.conn = record->script.join_by(parts, shown);
    entry.since_start = !impl_->anything_published;
  } else {
    consumer_info info{static_cast<int64_t>(number + 1), name, record->script.subscription_id, record->script.types};
    impl_->ask<joined>(parts.bus, join{shown, info, {}, {}, 0s},
                       [this, number](const joined& x) { impl_->on_joined(number, x); });
  }
  return number;
}

void harness::adopt(const caf::actor& actor, const std::string& name) {
  if (!name.empty())
    impl_->names[actor.id()] = name + "#" + std::to_string(actor.id());
  impl_->adopted.emplace_back(name, actor);
}

void harness::ensure(bool holds, const std::string& what) {
  if (!holds)
    impl_->fail(what);
}

void harness::add_law(const std::string& name, std::function<bool()> holds) {
  impl_->laws.push_back({name, std::move(holds)});
}

/// For each who draws, so that what one draws does not depend on when the others do.
std::mt19937_64& harness::impl::stream(std::string_view name) {
  auto mixed = lot.plan().seed ^ 0xcbf29ce484222325U; // FNV-1a
  for (auto c : name)
    mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return streams.emplace_back(mixed);
}

// -- what came of it
// ---------------------------------------------------------------------------------------------------

void harness::finish() {
  auto& x = *impl_;
  x.note("finish");
  x.held.clear();
  x.release_parked();
  for (auto& link : x.links) {
    link.wire->up = true;
    link.wire->latency = {};
    link.wire->bandwidth = {0, 0};
    link.wire->unblock(far);
    link.wire->unblock(near);
  }
  for (auto& source : x.sources)
    source.record->silent = true;
  for (auto& consumer : x.consumers) {
    consumer.record->script.shortest_pace = consumer.record->script.longest_pace = 0s;
    consumer.record->script.sticks_after = consumer.record->script.dies_after = 0;
    if (consumer.actor)
      caf::anon_send(consumer.actor, release_credit{});
  }
  x.settle_clients();
  x.run_for(5min);
  x.count_unanswered();
  for (auto check : {&impl::check_links, &impl::check_convergence, &impl::check_consumers, &impl::check_buses,
                     &impl::check_leaving, &impl::check_stopping})
    if (!x.gave_up) // else all of them would say the same in other words
      (x.*check)();
}

void harness::check_counters() {
  impl_->check_counters();
}

const std::vector<std::string>& harness::broken() const {
  return impl_->broken;
}

const std::string& harness::trace() const {
  return impl_->trace.text();
}

void harness::trace_as(trace_options options) {
  impl_->trace.options = std::move(options);
}

void harness::note(const std::string& text) {
  impl_->note("note " + text);
}

status_response harness::status(size_t bus) {
  auto result = std::make_shared<status_response>();
  impl_->ask<status_response>(impl_->buses.at(bus).parts.bus, read_status{},
                              [result](const status_response& x) { *result = x; });
  settle();
  return *result;
}

const bus_parts& harness::parts(size_t bus) const {
  return impl_->buses.at(bus).parts;
}

caf::actor_system& harness::system() {
  return impl_->system;
}

std::mt19937_64& harness::random() {
  return impl_->random;
}

size_t harness::draw(size_t n) {
  return static_cast<size_t>(impl_->lot.draw(n));
}

uint64_t harness::events_seen() const {
  return impl_->seen;
}

uint64_t harness::steps() const {
  return impl_->steps;
}

run_record harness::record() const {
  const auto& lot = impl_->lot;
  run_record result;
  result.plan = lot.plan();
  if (lot.has_all())
    result.plan.decisions = lot.made();
  result.made_at_breach = impl_->broken.empty() ? lot.made().size() : impl_->broken_after;
  result.turns = lot.turns();
  result.broken = impl_->broken;
  result.picks_in_words = impl_->explained;
  return result;
}

} // namespace cafbus::testing
