// Clients at the sockets of buses, from hello to bye: each seed cuts, delays and breaks what goes between them and
// their sessions in another way. In full:
//   CAFBUS_SEEDS=5000 build/cafbus_harness_test -n -v 3 -s '^testing.socket_clients$'

#include "support/environment.hpp"
#include "support/temp_dir.hpp"
#include "testing/explore.hpp"

#include <algorithm>
#include <iostream>
#include <sstream>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace cafbus::testing;
using namespace std::chrono_literals;

namespace {

constexpr harness_options with_sockets{.sockets = true};

void finish(harness& x) {
  x.finish();
  for (const auto& what : x.broken())
    CAF_ERROR(what);
}

// -- everything at once ----------------------------------------------------------------------------------------------

/// Two linked buses; readers and writers at the socket of each, and a consumer and a source in the process.
struct storm {
  explicit storm(harness& y) : x{y} {
    bus_options options;
    options.queue_capacity = static_cast<uint32_t>(4 + x.draw(40));
    options.write_timeout = 2s;
    for (const auto* name : {"a", "b"})
      x.add_bus(name, options);
    x.add_link(0, 1);
    for (size_t bus : {0, 1}) {
      x.add_consumer("inside" + std::to_string(bus), bus, {.types = {"s", "t"}});
      come(bus);
      come(bus);
    }
    writers = {&x.add_client("writer.a", 0), &x.add_client("writer.b", 1)};
    x.run_for(1s);
    x.add_source("source", 0, {.types = {"s", "t"}, .events = 60, .largest_batch = 4});
  }

  void come(size_t bus) {
    auto name = "reader" + std::to_string(readers.size());
    readers.push_back(&x.add_client(name, bus, {.types = {"s", "t"}, .socket_bytes = 200 + x.draw(4'000)}));
  }

  socket_client& anyone() {
    const auto i = x.draw(readers.size() + writers.size());
    return i < readers.size() ? *readers[i] : *writers[i - readers.size()];
  }

  void write_some() {
    for (auto* writer : writers)
      for (auto n = x.draw(12); n > 0; --n)
        writer->publish(x.draw(2) == 0 ? "s" : "t");
  }

  /// From now on what it sends waits for it, since the bus does.
  void wait_for_room(socket_client& writer) {
    writer.publish("t");
    writer.send(R"({"type":"wait_for_room","wait_ms":200})");
    for (int i = 0; i < 100; ++i)
      writer.publish("t");
  }

  void one_fault() {
    auto& whom = anyone();
    switch (x.draw(10)) {
    case 1:
      return whom.wire({.splits = static_cast<uint32_t>(x.draw(1'000))});
    case 2:
      return whom.wire({.longest = std::chrono::milliseconds{x.draw(100)}});
    case 3:
      return whom.wire({.gathers = std::chrono::milliseconds{x.draw(50)}});
    case 4:
      return whom.stick();
    case 5:
      return whom.release();
    case 6:
      return x.draw(2) == 0 ? whom.half_close() : whom.close();
    case 7:
      return whom.reset();
    case 8:
      return come(x.draw(2));
    case 9:
      return wait_for_room(*writers[x.draw(writers.size())]);
    default:
      return whom.send(R"({"type":"bye"})");
    }
  }

  harness& x;
  std::vector<socket_client*> readers;
  std::vector<socket_client*> writers;
};

void any_clients(harness& x) {
  constexpr size_t rounds = 12;
  storm s{x};
  for (size_t i = 0; i < rounds; ++i) {
    s.write_some();
    if (x.draw(2) == 0)
      s.one_fault();
    x.run_for(std::chrono::milliseconds{x.draw(300)});
  }
  x.finish();
}

// -- a bug of somebody else's client ---------------------------------------------------------------------------------

/// Takes each piece that it reads for whole lines. On one machine that goes well for a long time.
struct careless_reader {
  void read(std::string_view piece) {
    std::istringstream lines{std::string{piece}};
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with(R"({"type":"event")") && line.ends_with('}'))
        ++events;
  }
  uint64_t events = 0;
};

void careless_client(harness& x) {
  const auto bus = x.add_bus("a");
  auto reader = std::make_shared<careless_reader>();
  x.add_client("careless", bus, {.types = {"t"}, .wire = {.splits = 20}, .on_bytes = [reader](std::string_view piece) {
                                   reader->read(piece);
                                 }});
  x.run_for(1s);
  x.add_source("source", bus, {.types = {"t"}, .events = 50});
  x.run_for(5s);
  x.ensure(reader->events == 50, "the client has not understood all events");
  x.finish();
}

} // namespace

CAF_TEST(a client is served from hello to bye) {
  harness x{run_plan{1}, with_sockets};
  const auto bus = x.add_bus("a");
  auto& reader = x.add_client("reader", bus, {.types = {"t"}});
  auto& writer = x.add_client("writer", bus);
  x.eventually([&] { return reader.is_admitted(); }, 1s, "the answer to the hello");
  for (int i = 0; i < 10; ++i)
    writer.publish("t");
  x.eventually([&] { return reader.events() == 10 && writer.totals().accepted == 10; }, 1s, "all events");
  CAF_CHECK_EQUAL(reader.lines().size(), 11u);
  reader.send(R"({"type":"bye"})");
  x.eventually([&] { return reader.is_closed(); }, 1s, "the end of the connection");
  CAF_CHECK(x.status(bus).consumers.empty());
  finish(x);
}

CAF_TEST(bytes that come in many pieces are the same lines) {
  harness x{run_plan{1}, with_sockets};
  const auto bus = x.add_bus("a");
  const wire_manners torn{.splits = 900, .longest = 1ms};
  auto& reader = x.add_client("reader", bus, {.types = {"t"}, .wire = torn});
  auto& writer = x.add_client("writer", bus, {.wire = torn});
  x.run_for(1s);
  for (int i = 0; i < 20; ++i)
    writer.publish("t");
  x.run_for(1s);
  CAF_CHECK_EQUAL(reader.events(), 20u);
  CAF_CHECK_EQUAL(writer.totals().accepted, 20u);
  const auto record = x.record();
  CAF_CHECK_GREATER(std::ranges::count(*record.plan.decisions, decision::kind::wire, &decision::what), 40);
  finish(x);
}

CAF_TEST(what is gathered comes in one piece and what is late comes late) {
  harness x{run_plan{1}, with_sockets};
  const auto bus = x.add_bus("a");
  auto& reader = x.add_client("reader", bus, {.types = {"t"}});
  auto& writer = x.add_client("writer", bus, {.wire = {.gathers = 1s}});
  x.run_for(3s);
  for (int i = 0; i < 5; ++i) {
    writer.publish("t");
    x.run_for(100ms);
  }
  CAF_CHECK_EQUAL(reader.events(), 0u);
  x.run_for(1s);
  CAF_CHECK_EQUAL(reader.events(), 5u);
  reader.wire({.shortest = 2s, .longest = 2s});
  writer.wire({});
  writer.publish("t");
  x.run_for(1900ms);
  CAF_CHECK_EQUAL(reader.events(), 5u);
  x.run_for(200ms);
  CAF_CHECK_EQUAL(reader.events(), 6u);
  finish(x);
}

CAF_TEST(what a writer has sent before it half closes is published) {
  harness x{run_plan{1}, with_sockets};
  const auto bus = x.add_bus("a");
  auto& reader = x.add_client("reader", bus, {.types = {"t"}});
  auto& writer = x.add_client("writer", bus);
  x.run_for(1s);
  for (int i = 0; i < 5; ++i)
    writer.publish("t");
  writer.half_close();
  x.run_for(1s);
  CAF_CHECK_EQUAL(reader.events(), 5u);
  CAF_CHECK(writer.is_closed());
  finish(x);
}

CAF_TEST(what is on its way when a connection breaks is lost and nothing else) {
  harness x{run_plan{1}, with_sockets};
  const auto bus = x.add_bus("a");
  auto& reader = x.add_client("reader", bus, {.types = {"t"}});
  auto& writer = x.add_client("writer", bus);
  x.run_for(1s);
  writer.publish("t");
  x.run_for(1s);
  writer.wire({.shortest = 1s, .longest = 1s});
  writer.publish("t");
  writer.reset();
  x.run_for(2s);
  CAF_CHECK_EQUAL(reader.events(), 1u);
  const auto status = x.status(bus);
  CAF_CHECK_EQUAL(status.limits->load.connections, 1u);
  finish(x);
}

CAF_TEST(a client that does not read is told what it has lost) {
  harness x{run_plan{1}, with_sockets};
  bus_options options;
  options.queue_capacity = 10;
  const auto bus = x.add_bus("a", options);
  auto& reader = x.add_client("reader", bus, {.types = {"t"}, .socket_bytes = 500});
  x.run_for(1s);
  reader.stick();
  x.add_source("source", bus, {.types = {"t"}, .events = 200, .largest_batch = 1, .longest_pause = 2ms});
  x.run_for(1s);
  CAF_CHECK_EQUAL(reader.told_as_lost(), 0u);
  reader.release();
  x.run_for(1s);
  CAF_CHECK_GREATER(reader.told_as_lost(), 100u);
  CAF_CHECK_EQUAL(reader.told_as_lost() + reader.events(), 200u);
  finish(x);
}

CAF_TEST(a client that never reads again is closed as stalled) {
  harness x{run_plan{1}, with_sockets};
  bus_options options;
  options.write_timeout = 5s;
  const auto bus = x.add_bus("a", options);
  auto& reader = x.add_client("reader", bus, {.types = {"t"}, .socket_bytes = 100});
  x.run_for(1s);
  reader.stick();
  x.add_source("source", bus, {.types = {"t"}, .events = 20});
  x.run_for(10s);
  CAF_CHECK(x.status(bus).consumers.empty());
  finish(x);
}

CAF_TEST(a bus that crashes takes its clients with it and lets others in when it is back) {
  harness x{run_plan{1}, with_sockets};
  const auto bus = x.add_bus("a");
  auto& first = x.add_client("first", bus, {.types = {"t"}});
  x.run_for(1s);
  x.crash_bus(bus);
  x.run_for(1s);
  CAF_CHECK(first.is_closed());
  auto& early = x.add_client("early", bus, {.types = {"t"}});
  x.run_for(1s);
  CAF_CHECK(early.is_refused());
  x.restart_bus(bus);
  auto& second = x.add_client("second", bus, {.types = {"t"}});
  x.run_for(1s);
  CAF_CHECK(second.is_admitted());
  finish(x);
}

CAF_TEST(the same seed gives the same bytes) {
  harness first{run_plan{3}, with_sockets};
  any_clients(first);
  harness second{first.record().plan, with_sockets};
  any_clients(second);
  CAF_CHECK(first.trace() == second.trace());
  CAF_CHECK_EQUAL(first.steps(), second.steps());
}

CAF_TEST(no law breaks whatever becomes of the bytes) {
  for (uint32_t depth : {0, 2}) {
    auto found = explore({.name = depth == 0 ? "socket_clients" : "socket_clients_pct",
                          .seeds = 100,
                          .pct_depth = depth,
                          .options = with_sockets,
                          .shrink_runs = 300},
                         any_clients);
    for (const auto& run : found.failing)
      for (const auto& what : run.record.broken)
        CAF_ERROR("CAFBUS_SEED=" << run.record.plan.seed << ": " << what);
    std::cout << found.runs << " seeds, " << found.events << " events seen\n";
    CAF_CHECK(found.is_single || found.is_other_replay || found.events > 300 * found.runs);
  }
}

CAF_TEST(a client that takes a piece for lines is found and shortened and repeated from its file) {
  const test::temp_dir where;
  environment files{"CAFBUS_REPLAY_DIR", where.path()};
  environment one{"CAFBUS_SEED", nullptr};
  environment many{"CAFBUS_SEEDS", nullptr};
  environment none{"CAFBUS_REPLAY", nullptr};
  std::ostringstream report;
  exploration all{.name = "careless_client", .failures = 1, .options = with_sockets, .report = &report};
  auto found = explore(all, careless_client);
  CAF_MESSAGE(report.str());
  CAF_REQUIRE_EQUAL(found.failing.size(), 1u);
  const auto& run = found.failing.front();
  CAF_CHECK(run.record.broken.front().ends_with("the client has not understood all events"));
  CAF_REQUIRE(run.is_shortened);
  const auto& shortest = *run.shortest.plan.decisions;
  CAF_CHECK_EQUAL(shortest.size(), 1u); // one piece is cut, and nothing else is unusual
  CAF_CHECK(std::ranges::all_of(shortest, [](const auto& x) { return x.what == decision::kind::wire; }));
  for (const auto& [file, record] : {std::pair{run.file, run.record}, {run.shortest_file, run.shortest}}) {
    environment replay{"CAFBUS_REPLAY", file};
    std::ostringstream again;
    all.report = &again;
    auto repeated = explore(all, careless_client);
    CAF_REQUIRE_EQUAL(repeated.failing.size(), 1u);
    CAF_CHECK(repeated.failing.front().record.broken == record.broken);
    CAF_CHECK(repeated.failing.front().record.turns == record.turns);
  }
}
