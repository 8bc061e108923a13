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
  broken.push_back(time_text() + " " + what);
}

void harness::impl::check(const std::string& violation, const std::string& whom) {
  if (!violation.empty())
    fail(whom + ": " + violation);
}

std::string harness::impl::time_text() const {
  auto digits = std::to_string((scheduler.clock().now() - began).count());
  if (digits.size() < 10)
    digits.insert(0, 10 - digits.size(), '0');
  digits.insert(digits.size() - 9, ".");
  return digits;
}

void harness::impl::note(const std::string& what) {
  trace += time_text() + " " + what + "\n";
}

// -- at once ---------------------------------------------------------------------------------------------------------

void harness::impl::on_event(size_t consumer, const sighting& x) {
  auto& c = consumers[consumer];
  ++seen;
  trace.append(time_text()).append(" event bus=").append(buses[c.bus].name).append(" consumer=");
  trace.append(c.record->name).append(" seq=").append(std::to_string(x.seq)).append(" node=");
  trace.append(std::to_string(x.node)).append(" number=").append(std::to_string(x.number)).append(" hops=");
  trace.append(std::to_string(x.hops)).append(" type=").append(x.type).append(" payload=").append(x.payload);
  trace += '\n';
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

/// Once, and in the order of its source, whatever the buses think of it.
void harness::impl::check_source(consumer_entry& c, const sighting& x) {
  auto event = numbered(x.payload);
  if (!event)
    return;
  auto& last = c.last_of_source[std::string{event->first}];
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
    for (const auto& type : types) {
      if (buses[bus].stopped)
        continue;
      auto record = std::make_shared<source_record>();
      record->name = name_of_probe(buses[bus].name, type);
      record->script.types = {type};
      record->script.events = 1;
      auto actor = spawn_scripted_source(system, record, buses[bus].parts, random);
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
}

void harness::impl::check_consumer(size_t consumer) {
  auto& c = consumers[consumer];
  if (!lives(c))
    return;
  auto x = std::make_shared<std::optional<conn_counters>>();
  ask<conn_counters>(c.conn, read_conn_counters{}, [x](const conn_counters& y) { *x = y; });
  run_for(1s);
  const auto& name = c.record->name;
  if (!*x)
    return fail(name + ": its conn has ended, but it has not");
  const auto& counters = **x;
  check(laws::conservation(counters), name);
  check(laws::order(c.seqs, counters.dropped, counters.received), name);
  if (counters.queued > 0 || counters.delivered != c.seqs.size())
    fail(name + ": " + std::to_string(counters.delivered) + " delivered and " + std::to_string(counters.queued) +
         " queued, " + std::to_string(c.seqs.size()) + " seen");
  if (c.is_heard) {
    uint64_t meant = 0;
    for (const auto& source : sources)
      for (const auto& type : c.record->script.types)
        if (auto n = source.record->taken.find(type); n != source.record->taken.end() && reaches(source.bus, c.bus))
          meant += n->second;
    told += counters.dropped;
    if (counters.received != meant)
      fail(name + ": " + std::to_string(meant) + " events were meant for it anywhere, " +
           std::to_string(counters.delivered) + " came and " + std::to_string(counters.dropped) + " were told as lost");
  }
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
  // isolation: whoever wants the same is sent the same, whatever the others do
  for (size_t i = 0; i < consumer; ++i) {
    const auto& other = consumers[i];
    if (!lives(other) || !other.since_start || other.bus != c.bus ||
        std::set(other.record->script.types.begin(), other.record->script.types.end()) !=
            std::set(c.record->script.types.begin(), c.record->script.types.end()))
      continue;
    ask<conn_counters>(other.conn, read_conn_counters{},
                       [this, received = counters.received, name, other_name = other.record->name](const auto& y) {
                         if (y.received != received)
                           fail(name + ": " + std::to_string(received) + " events were meant for it, and " +
                                std::to_string(y.received) + " for " + other_name + ", which wants the same");
                       });
    run_for(1s);
  }
}

void harness::impl::check_buses() {
  check_counters();
  run_for(2s);
}

/// When nobody wants anything any more, no bus asks another for anything.
void harness::impl::check_leaving() {
  for (auto& x : consumers) {
    x.record->over = true;
    caf::anon_send_exit(x.actor, caf::exit_reason::user_shutdown);
  }
  run_for(1min);
  for (const auto& x : buses) {
    if (x.stopped)
      continue;
    ask<status_response>(x.parts.bus, read_status{}, [this, &x](const status_response& y) {
      for (const auto& consumer : y.consumers)
        fail(x.name + ": " + consumer.event_key + " is still a consumer, though it has left");
      for (const auto& link : y.links)
        if (link.types > 0)
          fail(x.name + ": its link (" + to_string(link.direction) + ") with " + link.peer + " asks for " +
               std::to_string(link.types) + " types that nobody wants");
    });
    run_for(2s);
  }
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
  for (auto& x : impl_->consumers)
    x.is_heard = impl_->lives(x);
}

uint64_t harness::losses_told() const {
  return impl_->told;
}

} // namespace cafbus::testing
