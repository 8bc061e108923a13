#include "bench/link.hpp"
#include "bench/clock.hpp"
#include "bench/modes.hpp"
#include "bench/payload.hpp"
#include "config/defaults.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <fstream>
#include <map>
#include <unistd.h>

namespace cafbus::bench {

namespace {

/// Takes events one a message, and says how many when asked.
using taker_actor = caf::typed_actor<caf::reacts_to<std::string>, caf::replies_to<caf::get_atom>::with<uint64_t>>;

/// Messages between two questions: far more than the round trip needs, and no more than the buffers take.
constexpr int at_once = 4'096;

struct link_options {
  std::vector<size_t> payloads{200};
  std::vector<std::string> transports{"plain"};
  std::vector<uint64_t> round_trips{0};
  std::vector<std::string> peers;
  size_t pairs = 5;
  load each;
};

struct link_series {
  std::vector<double> rate; // events per second, by round
  std::vector<double> cpu;  // of both servers, nanoseconds per event
};

struct link_config : caf::actor_system_config {
  link_config() {
    load<caf::io::middleman>();
    config_file_path.clear();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", size_t{2});
  }
};

/// Events per second if each is a CAF message of its own from one process to another.
double run_singles(const load& x) {
  test::temp_dir dir;
  auto ready = dir / "port";
  child other{{own_path(), "message-taker", ready}, dir / "log"};
  const auto port = await_file(ready);
  link_config config;
  caf::actor_system system{config};
  auto taker = system.middleman().remote_actor<taker_actor>("127.0.0.1", static_cast<uint16_t>(std::stoi(port)));
  if (!taker)
    throw bench_error{"the taker of messages cannot be reached"};
  caf::scoped_actor self{system};
  const std::string event(x.payload + 150, 'x'); // as long as the frame of an event
  uint64_t taken = 0;
  auto some = [&] {
    for (int i = 0; i < at_once; ++i)
      self->send(*taker, event);
    self->request(*taker, std::chrono::seconds{20}, caf::get_atom::value)
        .receive([&](uint64_t count) { taken = count; },
                 [](const caf::error&) { throw bench_error{"the taker is gone"}; });
  };
  some();
  auto before = taken;
  auto begin = now_ns();
  while (static_cast<double>(now_ns() - begin) < x.seconds * 1e9)
    some();
  return static_cast<double>(taken - before) * 1e9 / static_cast<double>(now_ns() - begin);
}

link_series& measure(link_series& found, const std::string& name, const load& x) {
  if (name == "messages") {
    found.rate.push_back(run_singles(x));
    return found;
  }
  const auto result = run_fresh(name, x);
  found.rate.push_back(result.rate());
  found.cpu.push_back(result.cpu_each());
  return found;
}

void run_row(table& out, const link_options& options, const load& x, const std::vector<std::string>& names) {
  std::map<std::string, link_series> found;
  for (size_t round = 0; round < options.pairs; ++round)
    for (const auto& name : names)
      measure(found[name], name, x);
  const auto& ours = found["linked"];
  for (const auto& name : names) {
    const auto& theirs = found[name];
    const auto* transport = x.server.tls ? "TLS" : "plain";
    const auto rate = spread_of(theirs.rate);
    const auto faster = ratio_of(ours.rate, theirs.rate);
    const auto called = name == "linked" ? "cafbus" : name == "leaf" ? "NATS leaf node" : "a CAF message for each";
    out.rows.push_back({fmt::format("{} B", x.payload), transport, std::to_string(x.server.round_trip_ms), called,
                        text_of(rate, 1, 0), theirs.cpu.empty() ? "" : text_of(spread_of(theirs.cpu), 1e3),
                        name == "linked" ? "" : text_of(faster),
                        name == "linked" || theirs.cpu.empty() ? "" : text_of(ratio_of(ours.cpu, theirs.cpu))});
    out.json.push_back({{"payload", x.payload},
                        {"transport", transport},
                        {"round_trip_ms", x.server.round_trip_ms},
                        {"server", name},
                        {"events_per_s", json_of(rate)},
                        {"rate_ratio", json_of(faster)}});
    if (!theirs.cpu.empty())
      out.json.back()["cpu_ns_per_event"] = json_of(spread_of(theirs.cpu));
  }
}

table measure_link(const link_options& options) {
  table out;
  out.title = "link";
  out.columns = {"payload",  "transport",    "round trip ms",  "link",
                 "events/s", "CPU us/event", "our rate / its", "our CPU / its"};
  const auto peers = installed(options.peers, out.notes);
  for (const auto& transport : options.transports)
    for (auto round_trip : options.round_trips)
      for (auto payload : options.payloads) {
        auto x = options.each;
        x.consumers = 1;
        x.payload = payload;
        x.server.tls = transport == "tls";
        x.server.round_trip_ms = round_trip;
        std::vector<std::string> names{"linked"};
        for (const auto& name : peers)
          if (name != "messages" || (!x.server.tls && round_trip == 0))
            names.push_back(name);
        run_row(out, options, x, names);
      }
  out.notes.push_back(
      fmt::format("From a publisher at one server over loopback to a consumer at another. CPU is that of "
                  "both servers. {}",
                  how_measured(options.pairs, options.each)));
  return out;
}

} // namespace

void add_link(CLI::App& app, tables& out) {
  auto options = std::make_shared<link_options>();
  auto& mode = add_mode(app, "link", "Events per second over a link between two buses");
  mode.add_option("--payload", options->payloads, "Bytes of a payload, at least 61; several: a row each")
      ->delimiter(',')
      ->check(CLI::Range(payload::min_size, defaults::max_payload_bytes));
  mode.add_option("--transport", options->transports, "plain, tls; several: a row each")
      ->delimiter(',')
      ->check(CLI::IsMember({"plain", "tls"}));
  mode.add_option("--round-trip", options->round_trips,
                  "Milliseconds that the wire takes, there and back; several: a row each")
      ->delimiter(',')
      ->check(CLI::Range(0, 10'000));
  mode.add_option("--peer", options->peers,
                  "Compare with these, separated by commas: leaf (a leaf node of NATS), messages (a CAF message for "
                  "each event)")
      ->delimiter(',')
      ->check(CLI::IsMember({"leaf", "messages"}));
  add_window(mode, options->each);
  add_queue(mode, options->each.server);
  add_pairs(mode, options->pairs);
  add_times(mode, options->each);
  mode.callback([options, &out] { out.push_back(measure_link(*options)); });
}

int run_message_taker(const std::string& port_file) {
  link_config config;
  caf::actor_system system{config};
  auto taker = system.spawn([]() -> taker_actor::behavior_type {
    auto count = std::make_shared<uint64_t>(0);
    return {[count](const std::string&) { ++*count; }, [count](caf::get_atom) { return *count; }};
  });
  auto port = system.middleman().publish(taker, 0, "127.0.0.1");
  if (!port)
    return 1;
  std::ofstream{port_file + '~'} << *port;
  ::rename((port_file + '~').c_str(), port_file.c_str()); // there is no half of it then
  for (;;)
    ::pause();
}

} // namespace cafbus::bench
