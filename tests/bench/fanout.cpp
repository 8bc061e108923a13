#include "bench/modes.hpp"
#include "bench/payload.hpp"
#include "config/defaults.hpp"

#include <algorithm>
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <map>
#include <memory>

namespace cafbus::bench {

namespace {

struct fanout_options {
  std::vector<size_t> consumers{10};
  std::vector<size_t> payloads{200};
  std::vector<std::string> peers;
  size_t pairs = 5;
  load each;
};

struct fanout_series {
  std::vector<double> rate; // deliveries per second, by round
  std::vector<double> cpu;  // nanoseconds per delivery
  std::vector<double> faults;
  std::vector<double> switches;
};

void add_row(table& out, const load& x, const std::string& name, const fanout_series& theirs,
             const fanout_series& ours) {
  auto rate = spread_of(theirs.rate);
  auto cpu = spread_of(theirs.cpu);
  auto faster = ratio_of(ours.rate, theirs.rate);
  auto cheaper = ratio_of(ours.cpu, theirs.cpu);
  auto faults = spread_of(theirs.faults);
  auto switches = spread_of(theirs.switches);
  auto is_peer = name != "cafbus";
  out.rows.push_back({fmt::format("{} x {} B", x.consumers, x.payload), name, text_of(rate, 1e6), text_of(cpu, 1e3, 3),
                      fmt::format("{:.2f}", faults.median * 1e3), fmt::format("{:.2f}", switches.median * 1e3),
                      is_peer ? text_of(faster) : "", is_peer ? text_of(cheaper) : ""});
  out.json.push_back({{"consumers", x.consumers},
                      {"payload", x.payload},
                      {"types", x.types},
                      {"publishers", x.publishers},
                      {"server", name},
                      {"deliveries_per_s", json_of(rate)},
                      {"cpu_ns_per_delivery", json_of(cpu)},
                      {"page_faults_per_delivery", json_of(faults)},
                      {"context_switches_per_delivery", json_of(switches)},
                      {"rate_ratio", json_of(faster)},
                      {"cpu_ratio", json_of(cheaper)}});
}

void run_row(table& out, const fanout_options& options, const load& x, const std::vector<std::string>& names) {
  std::map<std::string, fanout_series> found;
  for (size_t round = 0; round < options.pairs; ++round)
    for (const auto& name : names) {
      auto result = run_fresh(name, x);
      found[name].rate.push_back(result.rate());
      found[name].cpu.push_back(result.cpu_each());
      found[name].faults.push_back(result.each(result.faults));
      found[name].switches.push_back(result.each(result.switches));
    }
  for (const auto& name : names)
    add_row(out, x, name, found[name], found["cafbus"]);
}

table fanout(const fanout_options& options) {
  table out;
  out.title = "fanout";
  out.columns = {"consumers x payload", "server",         "M deliveries/s", "CPU us/delivery",
                 "faults/1,000",        "switches/1,000", "our rate / its", "our CPU / its"};
  if (options.each.types + options.each.publishers > 2 &&
      std::count(options.peers.begin(), options.peers.end(), "floor") > 0)
    throw bench_error{"--peer floor makes the events itself, of one type: leave it out, or --types and --publishers"};
  std::vector<std::string> names{"cafbus"};
  for (const auto& name : installed(options.peers, out.notes))
    names.push_back(name);
  for (auto payload : options.payloads)
    for (auto consumers : options.consumers) {
      auto x = options.each;
      x.consumers = consumers;
      x.payload = payload;
      run_row(out, options, x, names);
    }
  out.notes.push_back(fmt::format("{} {} publisher(s), {} type(s).", how_measured(options.pairs, options.each),
                                  options.each.publishers, options.each.types));
  return out;
}

} // namespace

void add_fanout(CLI::App& app, tables& out) {
  auto options = std::make_shared<fanout_options>();
  auto& mode = add_mode(app, "fanout", "Deliveries per second and CPU per delivery, as fast as nothing is lost");
  add_consumers(mode, options->consumers);
  mode.add_option("--payload", options->payloads, "Bytes of a payload, at least 61; several: a row each")
      ->delimiter(',')
      ->check(CLI::Range(payload::min_size, defaults::max_payload_bytes));
  mode.add_option("--types", options->each.types, "Event types; consumer i wants type i modulo that")
      ->check(CLI::Range(1, 100'000));
  mode.add_option("--publishers", options->each.publishers, "Publishing connections")->check(CLI::Range(1, 1'000));
  mode.add_option("--window", options->each.window,
                  "Events on their way to the slowest consumer; "
                  "0: as many as the queue of the bus holds, at most 16,384, for the others as well");
  add_queue(mode, options->each.server);
  add_peers(mode, options->peers, {"redis", "nats", "floor"});
  add_pairs(mode, options->pairs);
  add_times(mode, options->each);
  mode.callback([options, &out] { out.push_back(fanout(*options)); });
}

} // namespace cafbus::bench
