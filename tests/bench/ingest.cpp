#include "bench/modes.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <map>
#include <memory>

namespace cafbus::bench {

namespace {

struct ingest_options {
  std::string events = "tests/data/github-webhooks.ndjson";
  std::vector<std::string> peers;
  size_t pairs = 5;
  load each;
};

table ingest(const ingest_options& options) {
  auto events = load_events(options.events);
  auto x = options.each;
  x.consumers = 1;
  x.events = &events;
  table out;
  out.title = "ingest";
  out.columns = {"server",       "events/s",       "payload MB/s",  "CPU us/event",
                 "faults/1,000", "switches/1,000", "our rate / its"};
  std::vector<std::string> names{"cafbus"};
  for (const auto& name : installed(options.peers, out.notes))
    names.push_back(name);
  std::map<std::string, std::vector<double>> rates;
  std::map<std::string, std::vector<double>> costs;
  std::map<std::string, std::vector<double>> faults;
  std::map<std::string, std::vector<double>> switches;
  for (size_t round = 0; round < options.pairs; ++round)
    for (const auto& name : names) {
      auto result = run_fresh(name, x);
      rates[name].push_back(result.rate());
      costs[name].push_back(result.cpu_each());
      faults[name].push_back(result.each(result.faults) * 1e3);
      switches[name].push_back(result.each(result.switches) * 1e3);
    }
  for (const auto& name : names) {
    auto rate = spread_of(rates[name]);
    auto cpu = spread_of(costs[name]);
    out.rows.push_back({name, text_of(rate, 1, 0), fmt::format("{:.0f}", rate.median * events.mean_payload() / 1e6),
                        text_of(cpu, 1e3), text_of(spread_of(faults[name])), text_of(spread_of(switches[name])),
                        name == "cafbus" ? "" : text_of(ratio_of(rates["cafbus"], rates[name]))});
    out.json.push_back({{"server", name},
                        {"events_per_s", json_of(rate)},
                        {"payload_bytes_per_s", rate.median * events.mean_payload()},
                        {"cpu_ns_per_event", json_of(cpu)},
                        {"page_faults_per_1000", json_of(spread_of(faults[name]))},
                        {"context_switches_per_1000", json_of(spread_of(switches[name]))}});
  }
  out.notes.push_back(fmt::format("{} events of {:.0f} B on average, in turns, each with an id of its own, from one "
                                  "publisher to one consumer; every payload compared byte by byte. {}",
                                  events.payloads.size(), events.mean_payload(), how_measured(options.pairs, x)));
  return out;
}

} // namespace

void add_ingest(CLI::App& app, tables& out) {
  auto options = std::make_shared<ingest_options>();
  auto& mode = add_mode(app, "ingest", "Real events from one publisher to one consumer");
  mode.add_option("--events", options->events, "NDJSON file of events, as a source reads them");
  add_peers(mode, options->peers, {"redis", "nats"});
  add_queue(mode, options->each.server);
  add_pairs(mode, options->pairs);
  add_times(mode, options->each);
  mode.callback([options, &out] { out.push_back(ingest(*options)); });
}

} // namespace cafbus::bench
