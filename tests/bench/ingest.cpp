#include "bench/modes.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>

namespace cafbus::bench {

namespace {

struct ingest_options {
  std::string events = "tests/data/github-webhooks.ndjson";
  std::vector<size_t> publishers{1};
  std::vector<size_t> consumers{1};
  std::vector<std::string> peers;
  size_t pairs = 5;
  load each;
};

void add_ingest_row(table& out, const load& x, const std::string& name, const rate_series& theirs,
                    const rate_series& ours) {
  auto rate = spread_of(theirs.rate);
  auto cpu = spread_of(theirs.cpu);
  auto faults = spread_of(theirs.faults);
  auto switches = spread_of(theirs.switches);
  auto bytes = rate.median * x.events->mean_payload();
  auto is_peer = name != "cafbus";
  auto faster = ratio_of(ours.rate, theirs.rate);
  auto cheaper = ratio_of(ours.cpu, theirs.cpu);
  out.rows.push_back({fmt::format("{} x {}", x.publishers, x.consumers), name, text_of(rate, 1, 0),
                      fmt::format("{:.0f}", bytes / 1e6), text_of(cpu, 1e3), fmt::format("{:.2f}", faults.median * 1e3),
                      fmt::format("{:.2f}", switches.median * 1e3), per_thousand(theirs.calls),
                      is_peer ? text_of(faster) : "", is_peer ? text_of(cheaper) : ""});
  nlohmann::ordered_json row{{"publishers", x.publishers}, {"consumers", x.consumers}, {"server", name}};
  add_rates(row, theirs, ours);
  row["payload_bytes_per_s"] = bytes;
  out.json.push_back(std::move(row));
}

void run_ingest_row(table& out, const ingest_options& options, const load& x, const std::vector<std::string>& names) {
  auto found = measure_rates(names, x, options.pairs);
  for (const auto& name : names)
    add_ingest_row(out, x, name, found[name], found["cafbus"]);
}

table ingest(const ingest_options& options) {
  auto events = load_events(options.events);
  table out;
  out.title = "ingest";
  out.columns = {"publishers x consumers", "server",         "deliveries/s", "payload MB/s",   "CPU us/delivery",
                 "faults/1,000",           "switches/1,000", "calls/1,000",  "our rate / its", "our CPU / its"};
  std::vector<std::string> names{"cafbus"};
  for (const auto& name : installed(options.peers, out.notes))
    names.push_back(name);
  for (auto publishers : options.publishers)
    for (auto consumers : options.consumers) {
      auto x = options.each;
      x.publishers = publishers;
      x.consumers = consumers;
      x.events = &events;
      run_ingest_row(out, options, x, names);
    }
  out.notes.push_back(fmt::format("{} events of {:.0f} B on average, which each publisher sends in turns, each with an "
                                  "id of its own, which only the bus looks at; every payload compared byte by byte. {}",
                                  events.payloads.size(), events.mean_payload(),
                                  how_measured(options.pairs, options.each)));
  return out;
}

} // namespace

void add_ingest(CLI::App& app, tables& out) {
  auto options = std::make_shared<ingest_options>();
  auto& mode = add_mode(app, "ingest", "Real events (webhooks) from publishers to consumers");
  mode.add_option("--events", options->events, "NDJSON file of events, as a source reads them");
  add_publishers(mode, options->publishers);
  add_consumers(mode, options->consumers);
  add_peers(mode, options->peers, {"redis", "nats", "zmq"});
  add_queue(mode, options->each.server);
  add_pairs(mode, options->pairs);
  add_times(mode, options->each);
  mode.callback([options, &out] { out.push_back(ingest(*options)); });
}

} // namespace cafbus::bench
