#include "bench/modes.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <map>
#include <memory>
#include <optional>

namespace cafbus::bench {

namespace {

struct latency_options {
  std::vector<size_t> consumers{10};
  std::vector<std::string> through{"publish", "source"};
  std::vector<std::string> peers;
  size_t pairs = 5;
  load each;
};

struct latency_series {
  std::vector<double> p50, p99, p999, worst; // nanoseconds
  std::vector<double> cpu;                   // nanoseconds per delivery
  std::vector<double> switches;              // per delivery
  std::optional<double> calls;               // the same
};

void measure(latency_series& found, const std::string& server, const load& x) {
  auto ages = std::make_unique<latencies>();
  auto result = run_fresh(server, x, ages.get());
  found.p50.push_back(static_cast<double>(ages->at(0.5)));
  found.p99.push_back(static_cast<double>(ages->at(0.99)));
  found.p999.push_back(static_cast<double>(ages->at(0.999)));
  found.worst.push_back(static_cast<double>(ages->max_ns()));
  found.cpu.push_back(result.cpu_each());
  found.switches.push_back(result.each(result.switches));
}

/// @param ours Of the bus with a publisher; null: there is nothing to compare.
void add_row(table& out, const load& x, const std::string& name, const latency_series& found,
             const latency_series* ours) {
  auto p50 = spread_of(found.p50);
  auto p99 = spread_of(found.p99);
  auto p999 = spread_of(found.p999);
  auto worst = spread_of(found.worst);
  auto cpu = spread_of(found.cpu);
  auto cheaper = ours ? std::optional{ratio_of(ours->cpu, found.cpu)} : std::nullopt;
  out.rows.push_back({std::to_string(x.consumers), name, text_of(p50, 1e3, 0), text_of(p99, 1e3, 0),
                      text_of(p999, 1e3, 0), text_of(worst, 1e3, 0), text_of(cpu, 1e3),
                      text_of(spread_of(found.switches)), per_thousand(found.calls), cheaper ? text_of(*cheaper) : ""});
  out.json.push_back({{"consumers", x.consumers},
                      {"rate", x.rate},
                      {"payload", x.payload},
                      {"through", name},
                      {"p50_ns", json_of(p50)},
                      {"p99_ns", json_of(p99)},
                      {"p999_ns", json_of(p999)},
                      {"max_ns", json_of(worst)},
                      {"cpu_ns_per_delivery", json_of(cpu)},
                      {"context_switches_per_delivery", json_of(spread_of(found.switches))},
                      {"system_calls_per_delivery", json_of(found.calls)}});
  if (cheaper)
    out.json.back()["cpu_ratio"] = json_of(*cheaper);
}

table latency(const latency_options& options) {
  table out;
  out.title = "latency";
  out.columns = {"consumers",       "through",           "p50 us",      "p99 us",       "p99.9 us", "max us",
                 "CPU us/delivery", "switches/delivery", "calls/1,000", "our CPU / its"};
  std::vector<std::pair<std::string, std::string>> ways; // name in the table, server
  for (const auto& x : options.through)
    ways.emplace_back(x, x == "source" ? "inner" : "cafbus");
  for (const auto& x : installed(options.peers, out.notes))
    ways.emplace_back(x, x);
  for (auto consumers : options.consumers) {
    auto x = options.each;
    x.consumers = consumers;
    std::map<std::string, latency_series> found;
    for (size_t round = 0; round < options.pairs; ++round)
      for (const auto& [name, server] : ways)
        measure(found[name], server, x);
    for (const auto& [name, server] : ways)
      found[name].calls = calls_each(server, x);
    const auto* ours = found.contains("publish") ? &found["publish"] : nullptr;
    for (const auto& [name, server] : ways)
      add_row(out, x, name, found[name], name == server ? ours : nullptr);
  }
  out.notes.push_back(fmt::format("From the publisher's clock to the consumer's, {} events/s of {} B. {}",
                                  options.each.rate, options.each.payload, how_measured(options.pairs, options.each)));
  return out;
}

} // namespace

void add_latency(CLI::App& app, tables& out) {
  auto options = std::make_shared<latency_options>();
  options->each.rate = 1'000;
  options->each.seconds = 2;
  auto& mode = add_mode(app, "latency", "Time from publisher to consumer at a steady rate");
  add_consumers(mode, options->consumers);
  mode.add_option("--through", options->through,
                  "How events come in: over a publish connection, from a source inside a program that embeds the bus")
      ->delimiter(',')
      ->check(CLI::IsMember({"publish", "source"}));
  mode.add_option("--rate", options->each.rate, "Events per second")->check(CLI::PositiveNumber);
  add_payload(mode, options->each.payload);
  add_peers(mode, options->peers, {"redis", "nats", "zmq"});
  add_pairs(mode, options->pairs);
  add_times(mode, options->each);
  mode.callback([options, &out] { out.push_back(latency(*options)); });
}

} // namespace cafbus::bench
