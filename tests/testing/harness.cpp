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

/// One in so many messages is preceded by a moment, so that timers can expire while there is work.
constexpr size_t moments = 64;
constexpr auto longest_moment = 500us;
/// Messages within one `run_for` after which it is taken that they will never end.
constexpr uint64_t too_many_steps = 300'000;

template <class Handle>
void kill(const Handle& x) {
  if (x)
    caf::anon_send_exit(x, caf::exit_reason::kill);
}

} // namespace

// -- time ------------------------------------------------------------------------------------------------------------

harness::impl::impl(uint64_t seed)
  : system{config}, scheduler{dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())}, random{seed} {
  scheduler.clock().current_time += 1h; // zero is "never" to some
  began = scheduler.clock().now();
}

std::vector<size_t> harness::impl::runnable() const {
  std::vector<size_t> result;
  for (size_t i = 0; i < scheduler.jobs.size(); ++i) {
    const auto* actor = held.empty() ? nullptr : dynamic_cast<const caf::local_actor*>(scheduler.jobs[i]);
    auto hold = actor ? held.find(std::string_view{actor->name()}) : held.end();
    if (hold == held.end() || hold->second <= scheduler.clock().now())
      result.push_back(i);
  }
  return result;
}

bool harness::impl::run_one_job() {
  auto& jobs = scheduler.jobs;
  if (jobs.empty())
    return false;
  auto choices = runnable();
  if (choices.empty())
    return false;
  if (random() % moments == 0)
    advance_to(scheduler.clock().now() + draw_time(random, 1ns, longest_moment));
  auto i = jobs.begin() + static_cast<std::ptrdiff_t>(choices[random() % choices.size()]);
  std::rotate(jobs.begin(), i, i + 1);
  scheduler.run_once();
  ++steps;
  return true;
}

std::optional<harness::impl::time_point> harness::impl::next_due() const {
  std::optional<time_point> result;
  if (const auto& timers = scheduler.clock().schedule(); !timers.empty())
    result = timers.begin()->first;
  if (!scheduler.jobs.empty())
    for (const auto& [name, end] : held)
      if (end > scheduler.clock().now() && (!result || end < *result))
        result = end;
  return result;
}

void harness::impl::advance_to(time_point x) {
  auto& clock = scheduler.clock();
  clock.advance_time(std::max(x - clock.now(), time_point::duration{0}));
}

bool harness::impl::step() {
  if (run_one_job())
    return true;
  auto next = next_due();
  if (next)
    advance_to(*next);
  return next.has_value();
}

void harness::impl::settle() {
  auto limit = steps + too_many_steps;
  while (steps < limit && run_one_job()) {
  }
  if (steps >= limit)
    fail("no rest: actors send each other messages without end");
}

void harness::impl::run_for(duration x) {
  auto end = scheduler.clock().now() + x;
  auto limit = steps + too_many_steps;
  while (steps < limit) {
    if (run_one_job())
      continue;
    auto next = next_due();
    if (!next || *next > end)
      return advance_to(end);
    advance_to(*next);
  }
  fail("no rest: actors send each other messages without end");
}

/// From now on it is a stopped bus, which nobody can connect to.
void harness::impl::count_out(size_t bus) {
  buses[bus].stopped = true;
  for (auto& link : links)
    if (link.from == bus)
      link.wire->gate = nullptr;
}

void harness::impl::end_all() {
  held.clear();
  for (auto& x : sources)
    kill(x.actor);
  for (auto& x : consumers)
    kill(x.actor);
  for (auto& x : buses) {
    kill(x.parts.bus);
    kill(x.gate);
  }
  for (auto& x : links)
    x.wire->cut(0s);
  settle();
  consumers.clear();
  sources.clear();
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

harness::harness(uint64_t seed) : impl_{std::make_unique<impl>(seed)} {}

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
  auto parts = spawn_bus(impl_->system, options);
  all.push_back({name, options, parts, spawn_node_gate(impl_->system, parts, options), false});
  return all.size() - 1;
}

size_t harness::add_link(size_t from, size_t to) {
  auto& upstream = impl_->buses.at(from);
  auto& taker = impl_->buses.at(to);
  auto wire = std::make_shared<node_wire>();
  wire->gate = upstream.gate;
  wire->random = &impl_->random;
  node_import_options x;
  x.source = "node:" + upstream.name;
  x.peer = upstream.name;
  x.name = taker.name;
  x.parts = taker.parts;
  x.connector = spawn_wire_connector(impl_->system, wire);
  x.seed = impl_->random();
  auto source = x.source;
  caf::anon_send(taker.parts.bus, attach_source{source, spawn_node_import(impl_->system, std::move(x))});
  impl_->links.push_back({from, to, std::move(wire)});
  return impl_->links.size() - 1;
}

size_t harness::add_source(const std::string& name, size_t bus, source_script script) {
  auto record = std::make_shared<source_record>();
  record->name = name;
  record->script = std::move(script);
  record->on_publish = [this] { impl_->anything_published = true; };
  const auto& parts = impl_->buses.at(bus).parts;
  auto actor = spawn_scripted_source(impl_->system, record, parts, impl_->random);
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
  entry.actor = spawn_scripted_consumer(impl_->system, record, impl_->random);
  subscriber_actor shown = entry.actor;
  if (record->script.through)
    shown = record->script.through(shown);
  for (size_t i = 0; i < number; ++i)
    if (const auto& x = all[i];
        x.bus == bus && impl_->lives(x) && x.record->script.subscription_id == record->script.subscription_id)
      entry.peers_before.insert(i);
  if (record->script.join_by) {
    entry.conn = record->script.join_by(parts, shown);
    entry.since_start = !impl_->anything_published;
  } else {
    consumer_info info{static_cast<int64_t>(number + 1), name, record->script.subscription_id, record->script.types};
    impl_->ask<joined>(parts.bus, join{shown, info, {}, {}},
                       [this, number](const joined& x) { impl_->on_joined(number, x); });
  }
  return number;
}

// -- time, as users call it
// --------------------------------------------------------------------------------------------

bool harness::step() {
  return impl_->step();
}

void harness::settle() {
  impl_->settle();
}

void harness::run_for(duration x) {
  impl_->run_for(x);
}

harness::duration harness::now() const {
  return impl_->scheduler.clock().now() - impl_->began;
}

// -- faults ----------------------------------------------------------------------------------------------------------

void harness::cut(size_t link, duration notice) {
  impl_->note("cut link=" + std::to_string(link));
  impl_->links.at(link).wire->cut(notice);
}

void harness::heal(size_t link) {
  impl_->note("heal link=" + std::to_string(link));
  impl_->links.at(link).wire->up = true;
}

void harness::delay(size_t link, duration shortest, duration longest) {
  impl_->note("delay link=" + std::to_string(link));
  auto& wire = *impl_->links.at(link).wire;
  wire.shortest = shortest;
  wire.longest = longest;
}

void harness::kill_export(size_t link) {
  impl_->note("kill-export link=" + std::to_string(link));
  impl_->links.at(link).wire->kill_exports();
}

void harness::kill_consumer(size_t consumer) {
  auto& x = impl_->consumers.at(consumer);
  impl_->note("kill consumer=" + x.record->name);
  x.record->over = true;
  kill(x.actor);
}

void harness::stick(size_t consumer) {
  auto& x = impl_->consumers.at(consumer);
  impl_->note("stick consumer=" + x.record->name);
  x.record->stuck = true;
}

void harness::release(size_t consumer) {
  auto& x = impl_->consumers.at(consumer);
  impl_->note("release consumer=" + x.record->name);
  caf::anon_send(x.actor, release_credit{});
}

void harness::kill_source(size_t source) {
  auto& x = impl_->sources.at(source);
  impl_->note("kill source=" + x.record->name);
  if (x.record->script.attached)
    impl_->count_out(x.bus);
  kill(x.actor);
}

void harness::stop_bus(size_t bus) {
  auto& x = impl_->buses.at(bus);
  impl_->note("stop bus=" + x.name);
  caf::anon_send(x.parts.bus, stop_within("stopped by the test"));
  impl_->count_out(bus);
}

void harness::hold(const std::string& actor_name, duration x) {
  impl_->note("hold actor=" + actor_name);
  impl_->held[actor_name] = impl_->scheduler.clock().now() + x;
}

// -- what came of it
// ---------------------------------------------------------------------------------------------------

void harness::finish() {
  auto& x = *impl_;
  x.note("finish");
  x.held.clear();
  for (auto& link : x.links) {
    link.wire->up = true;
    link.wire->shortest = link.wire->longest = 0s;
  }
  for (auto& source : x.sources)
    source.record->silent = true;
  for (auto& consumer : x.consumers) {
    consumer.record->script.shortest_pace = consumer.record->script.longest_pace = 0s;
    consumer.record->script.sticks_after = consumer.record->script.dies_after = 0;
    caf::anon_send(consumer.actor, release_credit{});
  }
  x.run_for(5min);
  x.check_links();
  x.check_convergence();
  for (size_t i = 0; i < x.consumers.size(); ++i)
    x.check_consumer(i);
  x.check_buses();
  x.check_leaving();
  x.check_stopping();
}

void harness::check_counters() {
  impl_->check_counters();
}

const std::vector<std::string>& harness::broken() const {
  return impl_->broken;
}

const std::string& harness::trace() const {
  return impl_->trace;
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
  return static_cast<size_t>(impl_->random() % n);
}

uint64_t harness::events_seen() const {
  return impl_->seen;
}

uint64_t harness::steps() const {
  return impl_->steps;
}

} // namespace cafbus::testing
