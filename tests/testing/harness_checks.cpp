#include "testing/harness_impl.hpp"

#include "config/defaults.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <charconv>

namespace cafbus::testing {

namespace {

using namespace std::chrono_literals;

/// The smallest event of a scripted source, encoded, is larger.
constexpr uint64_t smallest_event_bytes = 100;

template <class Handle>
bool ended(const Handle& x) {
  return caf::actor_cast<caf::abstract_actor*>(x)->getf(caf::abstract_actor::is_terminated_flag);
}

/// The source and number in the payload of a scripted source; nothing if it is none.
std::optional<std::pair<std::string_view, uint64_t>> numbered(std::string_view payload) {
  constexpr std::string_view begin = R"({"source":")";
  constexpr std::string_view middle = R"(","n":)";
  auto cut = payload.find(middle);
  if (!payload.starts_with(begin) || cut == std::string_view::npos)
    return {};
  uint64_t n = 0;
  std::from_chars(payload.data() + cut + middle.size(), payload.data() + payload.size(), n);
  return std::pair{payload.substr(begin.size(), cut - begin.size()), n};
}

std::string name_of_probe(const std::string& bus, const std::string& type) {
  return "probe." + bus + "." + type;
}

} // namespace

void harness::impl::fail(const std::string& what) {
  if (broken.empty())
    broken_after = lot.made().size();
  std::string line;
  run_trace::append_time(line, now());
  broken.push_back(line + " " + what);
}

void harness::impl::check(const std::string& violation, const std::string& whom) {
  if (!violation.empty())
    fail(whom + ": " + violation);
}

void harness::impl::note(const std::string& what) {
  trace.line(now(), what);
}

// -- at once ---------------------------------------------------------------------------------------------------------

void harness::impl::on_event(size_t consumer, const sighting& x) {
  auto& c = consumers[consumer];
  ++seen;
  if (trace.options.events)
    trace.write_line(now(), [&](std::string& to) { append_sighting(to, buses[c.bus].name, c.record->name, x); });
  const auto& name = c.record->name;
  if (!c.seqs.empty() && x.seq <= c.seqs.back())
    fail(name + ": sequence number " + std::to_string(x.seq) + " after " + std::to_string(c.seqs.back()));
  c.seqs.push_back(x.seq);
  auto& last = c.last_of_node[x.node];
  if (x.number != 0 && x.number <= last)
    fail(name + ": number " + std::to_string(x.number) + " of node " + std::to_string(x.node) + " after " +
         std::to_string(last));
  last = std::max(last, x.number);
  if (x.node == c.record->node)
    ++c.seen_local;
  const auto& types = c.record->script.types;
  if (std::find(types.begin(), types.end(), x.type) == types.end())
    fail(name + ": an event of a type that it did not ask for");
  check_source(c, x);
}

void harness::impl::check_laws() {
  for (auto& x : laws)
    if (!x.broken && !x.holds()) {
      x.broken = true;
      fail("law " + x.name + " is broken");
    }
}

void harness::impl::on_hub_turn(size_t bus, const caf::mailbox_element& x) {
  const auto& content = x.content();
  const auto node = buses[bus].parts.node;
  if (content.match_elements<publish>())
    on_publish(bus, x.sender ? x.sender->id() : 0, content.get_as<publish>(0));
  else if (content.match_elements<subscribe>())
    ledger.on_subscribed(node, content.get_as<subscribe>(0).conn.id());
  else if (content.match_elements<stream_news>())
    for (const auto& followed : content.get_as<stream_news>(0).followed)
      ledger.on_followed(node, followed);
}

/// How many events of the test's own actors the bus takes in, only the bus knows.
void harness::impl::on_publish(size_t bus, caf::actor_id sender, const publish& x) {
  if (!x.batch)
    return;
  if (scripted.contains(sender))
    for (uint32_t i = 0; i < x.batch->size(); ++i)
      ledger.on_taken_in(buses[bus].parts.node, x.batch->type(i), 1);
  else if (owner_of(sender) == nobody)
    for (const auto& type : x.batch->types)
      foreign_types.emplace(bus, type);
}

/// Once, and in the order of its source, whatever the buses think of it.
void harness::impl::check_source(consumer_entry& c, const sighting& x) {
  auto event = numbered(x.payload);
  if (!event)
    return;
  auto known = c.last_of_source.find(event->first);
  if (known == c.last_of_source.end())
    known = c.last_of_source.emplace(event->first, 0).first;
  auto& last = known->second;
  if (event->second <= last)
    fail(c.record->name + ": event " + std::to_string(event->second) + " of " + std::string{event->first} + " after " +
         std::to_string(last) + (event->second == last ? ", twice" : ", out of order"));
  last = std::max(last, event->second);
}

void harness::impl::on_joined(size_t consumer, const joined& x) {
  auto& c = consumers[consumer];
  if (c.record->over || buses[c.bus].stopped)
    return;
  if (!x.admitted)
    return fail(c.record->name + ": not admitted: " + x.reason);
  c.conn = x.conn;
  c.since_start = !anything_published;
  if (x.first && std::any_of(c.peers_before.begin(), c.peers_before.end(), [&](auto i) { return lives(consumers[i]); }))
    fail(c.record->name + ": first of its subscription id, but somebody was in");
}

void harness::impl::check_counters() {
  for (const auto& x : buses)
    ask<status_response>(x.parts.bus, read_status{}, [this, name = x.name](const status_response& y) {
      check(laws::conservation(y.counters, y.consumers), name);
    });
  for (const auto& x : consumers) {
    if (!lives(x))
      continue;
    ask<conn_counters>(
        x.conn, read_conn_counters{},
        [this, capacity = buses[x.bus].options.queue_capacity, name = x.record->name](const conn_counters& y) {
          check(laws::conservation(y), name);
          check(laws::bounds(y, capacity, 2 * defaults::delivery_bytes / smallest_event_bytes), name);
        });
  }
}

// -- at the end
// --------------------------------------------------------------------------------------------------------

bool harness::impl::reaches(size_t from, size_t to) const {
  std::vector<size_t> there{from};
  for (size_t i = 0; i < there.size(); ++i) {
    if (there[i] == to)
      return true;
    for (const auto& x : links)
      if (x.from == there[i] && !buses[x.to].stopped && std::find(there.begin(), there.end(), x.to) == there.end())
        there.push_back(x.to);
  }
  return false;
}

void harness::impl::check_links() {
  for (const auto& x : buses) {
    if (x.stopped)
      continue;
    auto answered = std::make_shared<bool>(false);
    ask<status_response>(x.parts.bus, read_status{}, [this, answered, &x](const status_response& y) {
      *answered = true;
      for (const auto& link : y.links) {
        auto gone =
            std::any_of(buses.begin(), buses.end(), [&](const auto& z) { return z.stopped && z.name == link.peer; });
        if (link.direction == link_direction::in && link.state != source_state::connected && !gone)
          fail(x.name + ": its link to " + link.peer + " is " + to_string(link.state) + " long after it was healed");
      }
    });
    run_for(2s);
    if (!*answered)
      fail(x.name + ": it does not answer");
  }
}

void harness::impl::check_convergence() {
  std::set<std::string> types;
  for (const auto& x : consumers)
    types.insert(x.record->script.types.begin(), x.record->script.types.end());
  for (size_t bus = 0; bus < buses.size(); ++bus)
    for (const auto& type : types)
      if (!buses[bus].stopped)
        probe(bus, type);
}

void harness::impl::probe(size_t bus, const std::string& type) {
  auto record = std::make_shared<source_record>();
  record->name = name_of_probe(buses[bus].name, type);
  record->script.types = {type};
  record->script.events = 1;
  record->wall_clock = buses[bus].options.wall_clock;
  auto actor = spawn_scripted_source(system, record, buses[bus].parts, stream(record->name));
  scripted.insert(actor.id());
  caf::anon_send(actor, start_source{});
  sources.push_back({bus, actor, record});
  run_for(10s);
  if (record->taken.empty())
    fail(buses[bus].name + ": it takes no event");
  for (const auto& c : consumers) {
    const auto& wanted = c.record->script.types;
    if (lives(c) && std::find(wanted.begin(), wanted.end(), type) != wanted.end() && reaches(bus, c.bus) &&
        !c.last_of_source.contains(record->name))
      fail(c.record->name + ": an event of type " + type + " at bus " + buses[bus].name +
           " has not come, though all is well again");
  }
}

/// Of one moment: actors of the test's own may go on publishing.
harness::impl::counters_of harness::impl::read_counters() {
  constexpr size_t attempts = 10;
  auto found = std::make_shared<counters_of>();
  for (size_t i = 0; i < attempts; ++i) {
    found->assign(consumers.size(), {});
    for (size_t j = 0; j < consumers.size(); ++j)
      if (lives(consumers[j]))
        ask<conn_counters>(consumers[j].conn, read_conn_counters{},
                           [found, j](const conn_counters& y) { (*found)[j] = y; });
    settle();
    auto at_rest = true;
    for (size_t j = 0; j < consumers.size(); ++j)
      at_rest = at_rest && (!(*found)[j] || (*found)[j]->delivered == consumers[j].seqs.size());
    if (at_rest)
      break;
  }
  return *found;
}

void harness::impl::check_consumers() {
  const auto counters = read_counters();
  for (size_t i = 0; i < consumers.size(); ++i) {
    if (!lives(consumers[i]))
      continue;
    if (counters[i])
      check_consumer(consumers[i], *counters[i]);
    else
      fail(consumers[i].record->name + ": its conn has ended, but it has not");
  }
  check_isolation(counters);
}

void harness::impl::check_consumer(consumer_entry& c, const conn_counters& counters) {
  const auto& name = c.record->name;
  check(laws::conservation(counters), name);
  check(laws::order(c.seqs, counters.dropped, counters.received), name);
  if (counters.queued > 0 || counters.delivered != c.seqs.size())
    fail(name + ": " + std::to_string(counters.delivered) + " delivered and " + std::to_string(counters.queued) +
         " queued, " + std::to_string(c.seqs.size()) + " seen");
  if (losses_are_exact)
    check_losses(c, counters);
  if (!c.since_start)
    return;
  // what its own bus took in for it has come or was counted as dropped
  uint64_t taken = 0;
  for (const auto& source : sources)
    for (const auto& type : c.record->script.types)
      if (source.bus == c.bus && source.record->taken.contains(type))
        taken += source.record->taken[type];
  if (c.seen_local + counters.dropped < taken)
    fail(name + ": " + std::to_string(taken) + " events were taken in for it, " + std::to_string(c.seen_local) +
         " seen and " + std::to_string(counters.dropped) + " dropped");
}

/// What the test's own actors have published comes on top.
void harness::impl::check_losses(consumer_entry& c, const conn_counters& counters) {
  const auto& types = c.record->script.types;
  const auto is_in_reach = [&](uint64_t node) {
    auto bus = std::find_if(buses.begin(), buses.end(), [&](const auto& x) { return x.parts.node == node; });
    return bus != buses.end() && !bus->stopped && reaches(static_cast<size_t>(bus - buses.begin()), c.bus);
  };
  const auto owed = ledger.owed_to(c.conn.id(), types, is_in_reach);
  const auto strange = std::any_of(foreign_types.begin(), foreign_types.end(), [&](const auto& x) {
    return std::find(types.begin(), types.end(), x.second) != types.end();
  });
  told += counters.dropped;
  const auto& name = c.record->name;
  if (owed.unheard_of)
    fail(name + ": its bus has not heard how far the streams of node " + std::to_string(*owed.unheard_of) + " are");
  if (counters.received < owed.exactly || (counters.received > owed.exactly + owed.perhaps && !strange))
    fail(name + ": " + std::to_string(owed.exactly) + " events were meant for it anywhere, and " +
         std::to_string(owed.perhaps) + " perhaps; " + std::to_string(counters.delivered) + " came and " +
         std::to_string(counters.dropped) + " were told as lost");
}

/// Consumers that want the same are sent the same, whatever the others do.
void harness::impl::check_isolation(const counters_of& counters) {
  std::map<std::pair<size_t, std::set<std::string>>, size_t> first_of;
  for (size_t i = 0; i < consumers.size(); ++i) {
    const auto& c = consumers[i];
    const auto& types = c.record->script.types;
    if (!lives(c) || !c.since_start || !counters[i])
      continue;
    auto [other, is_first] = first_of.try_emplace({c.bus, std::set(types.begin(), types.end())}, i);
    const auto& there = *counters[other->second];
    if (!is_first && there.received != counters[i]->received)
      fail(c.record->name + ": " + std::to_string(counters[i]->received) + " events were meant for it, and " +
           std::to_string(there.received) + " for " + consumers[other->second].record->name + ", which wants the same");
  }
}

void harness::impl::check_buses() {
  check_counters();
  run_for(2s);
}

/// When nobody wants anything any more, no bus asks another for anything. The test's own subscribers may stay.
void harness::impl::check_leaving() {
  for (auto& x : consumers) {
    x.record->over = true;
    if (x.actor)
      caf::anon_send_exit(x.actor, caf::exit_reason::user_shutdown);
  }
  let_clients_leave();
  for (const auto& x : adopted)
    caf::anon_send_exit(x.second, caf::exit_reason::user_shutdown);
  run_for(1min);
  std::vector<std::pair<size_t, status_response>> found;
  for (size_t i = 0; i < buses.size(); ++i) {
    if (buses[i].stopped)
      continue;
    ask<status_response>(buses[i].parts.bus, read_status{},
                         [&found, i](const status_response& y) { found.emplace_back(i, y); });
    run_for(2s);
  }
  auto strangers = false;
  for (const auto& [bus, x] : found)
    check_left(bus, x, strangers);
  for (const auto& [bus, x] : found)
    for (const auto& link : x.links)
      if (link.types > 0 && !strangers)
        fail(buses[bus].name + ": its link (" + to_string(link.direction) + ") with " + link.peer + " asks for " +
             std::to_string(link.types) + " types that nobody wants");
}

void harness::impl::check_left(size_t bus, const status_response& x, bool& strangers) {
  std::set<std::pair<std::string, std::string>> ours;
  for (const auto& c : consumers)
    if (c.bus == bus)
      ours.emplace(c.record->name, c.record->script.subscription_id);
  for (const auto& c : x.consumers)
    if (ours.contains({c.event_key, c.subscription_id}))
      fail(buses[bus].name + ": " + c.event_key + " is still a consumer, though it has left");
    else
      strangers = true;
  if (const auto load = x.limits ? x.limits->load : bus_load{}; load.connections > 0 || load.half_open > 0)
    fail(buses[bus].name + ": " + std::to_string(load.connections + load.half_open) +
         " connections are left, though all clients have left");
}

void harness::impl::check_stopping() {
  for (auto& x : buses)
    caf::anon_send(x.parts.bus, stop_within("the test is over"));
  run_for(default_stop_time + 100ms);
  for (auto& x : buses) {
    x.stopped = true;
    if (!ended(x.parts.bus) || !ended(x.parts.hub) || !ended(x.parts.lock))
      fail(x.name + ": it has not stopped in time");
  }
}

void harness::expect_exact_losses() {
  auto& x = *impl_;
  x.losses_are_exact = true;
  for (const auto& c : x.consumers)
    for (size_t bus = 0; bus < x.buses.size() && x.lives(c); ++bus)
      if (!x.buses[bus].stopped && x.reaches(bus, c.bus))
        for (const auto& type : c.record->script.types)
          x.ledger.on_due(c.conn.id(), x.buses[bus].parts.node, type);
}

uint64_t harness::losses_told() const {
  return impl_->told;
}

} // namespace cafbus::testing
