#include "bench/modes.hpp"
#include "bench/payload.hpp"
#include "config/defaults.hpp"

#include <algorithm>
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>

namespace cafbus::bench {

namespace {

constexpr double few = 100'000; // deliveries per second

struct fanout_options {
  std::vector<size_t> consumers{10};
  std::vector<size_t> payloads{200};
  std::vector<size_t> publishers{1};
  std::vector<std::string> peers;
  size_t pairs = 5;
  load each;
};

void add_row(table& out, const load& x, const std::string& name, const rate_series& theirs, const rate_series& ours) {
  auto rate = spread_of(theirs.rate);
  auto cpu = spread_of(theirs.cpu);
  auto faster = ratio_of(ours.rate, theirs.rate);
  auto cheaper = ratio_of(ours.cpu, theirs.cpu);
  auto faults = spread_of(theirs.faults);
  auto switches = spread_of(theirs.switches);
  auto is_peer = name != "cafbus";
  out.rows.push_back({std::to_string(x.publishers), fmt::format("{} x {} B", x.consumers, x.payload), name,
                      text_of(rate, 1e6, rate.median < few ? 4 : 2), text_of(cpu, 1e3, 3),
                      fmt::format("{:.2f}", faults.median * 1e3), fmt::format("{:.2f}", switches.median * 1e3),
                      per_thousand(theirs.calls), is_peer ? text_of(faster) : "", is_peer ? text_of(cheaper) : ""});
  nlohmann::ordered_json row{{"consumers", x.consumers},
                             {"payload", x.payload},
                             {"types", x.types},
                             {"publishers", x.publishers},
                             {"server", name}};
  add_rates(row, theirs, ours);
  out.json.push_back(std::move(row));
}

void run_row(table& out, const fanout_options& options, const load& x, const std::vector<std::string>& names) {
  auto found = measure_rates(names, x, options.pairs);
  for (const auto& name : names)
    add_row(out, x, name, found[name], found["cafbus"]);
}

table fanout(const fanout_options& options) {
  table out;
  out.title = "fanout";
  out.columns = {"publishers",   "consumers x payload", "server",      "M deliveries/s", "CPU us/delivery",
                 "faults/1,000", "switches/1,000",      "calls/1,000", "our rate / its", "our CPU / its"};
  if (options.each.types + *std::max_element(options.publishers.begin(), options.publishers.end()) > 2 &&
      std::count(options.peers.begin(), options.peers.end(), "floor") > 0)
    throw bench_error{"--peer floor makes the events itself, of one type: leave it out, or --types and --publishers"};
  std::vector<std::string> names{"cafbus"};
  for (const auto& name : installed(options.peers, out.notes))
    names.push_back(name);
  for (auto publishers : options.publishers)
    for (auto payload : options.payloads)
      for (auto consumers : options.consumers) {
        auto x = options.each;
        x.publishers = publishers;
        x.consumers = consumers;
        x.payload = payload;
        run_row(out, options, x, names);
      }
  out.notes.push_back(
      fmt::format("{} {} type(s); {}.", how_measured(options.pairs, options.each), options.each.types,
                  options.each.ids ? "each event has an id, which only the bus looks at" : "events without ids"));
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
  add_publishers(mode, options->publishers);
  mode.add_flag("--ids", options->each.ids, "Give each event an id, which only the bus looks at");
  add_window(mode, options->each);
  add_queue(mode, options->each.server);
  add_peers(mode, options->peers, {"redis", "nats", "zmq", "floor"});
  add_pairs(mode, options->pairs);
  add_times(mode, options->each);
  mode.callback([options, &out] { out.push_back(fanout(*options)); });
}

} // namespace cafbus::bench
