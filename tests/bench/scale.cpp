#include "bench/clock.hpp"
#include "bench/modes.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>

namespace cafbus::bench {

namespace {

struct scale_options {
  std::vector<size_t> consumers{1, 10, 100, 1'000, 4'000};
  std::vector<size_t> types{1, 10, 100, 1'000, 10'000, 100'000};
  uint64_t unwanted = 200'000;
  size_t rounds = 3;
  load each;
};

table by_consumers(const scale_options& options) {
  table out;
  out.title = "scale: consumers";
  out.columns = {"consumers", "M deliveries/s", "CPU us/delivery"};
  std::vector<std::vector<double>> rates(options.consumers.size());
  std::vector<std::vector<double>> costs(options.consumers.size());
  for (size_t round = 0; round < options.rounds; ++round)
    for (size_t i = 0; i < options.consumers.size(); ++i) {
      auto x = options.each;
      x.consumers = options.consumers[i];
      auto found = run_fresh("cafbus", x);
      rates[i].push_back(found.rate());
      costs[i].push_back(found.cpu_each());
    }
  for (size_t i = 0; i < options.consumers.size(); ++i) {
    auto rate = spread_of(rates[i]);
    auto cpu = spread_of(costs[i]);
    out.rows.push_back({std::to_string(options.consumers[i]), text_of(rate, 1e6), text_of(cpu, 1e3, 3)});
    out.json.push_back({{"consumers", options.consumers[i]},
                        {"deliveries_per_s", json_of(rate)},
                        {"cpu_ns_per_delivery", json_of(cpu)}});
  }
  out.notes.push_back(fmt::format("{} B, at most {} events on their way. {}", options.each.payload, options.each.window,
                                  how_measured(options.rounds, options.each)));
  return out;
}

struct unwanted_series {
  std::vector<double> cpu;    // of the bus, nanoseconds per event
  std::vector<double> status; // nanoseconds until it has told its status
  bool silent = false;        // it has not
};

/// Publishes events of a type that nobody wants to a bus whose consumers want so many others.
void run_unwanted(unwanted_series& found, const scale_options& options, size_t known) {
  constexpr size_t types_per_hello = 1'000;
  auto server = start_peer("cafbus", {});
  std::vector<unique_fd> consumers;
  for (size_t i = 0; i < known; i += types_per_hello) {
    std::vector<std::string> types;
    for (size_t k = i; k < std::min(known, i + types_per_hello); ++k)
      types.push_back("known." + std::to_string(k));
    consumers.push_back(server->connect_consumer(types));
  }
  flow shared;
  shared.window = UINT64_MAX / 4; // the bus takes in what it can, and holds up the rest
  publisher_options publishing;
  publishing.payload_size = options.each.payload;
  publishing.limit = options.unwanted;
  auto before = cpu_ns(server->pid());
  publisher_thread publisher{*server, server->connect_publisher(), publishing, shared};
  publisher.join();
  auto cpu = cpu_ns(server->pid()) - before;
  auto asked = now_ns();
  server_counts said;
  try {
    said = server->check();
    found.status.push_back(static_cast<double>(now_ns() - asked));
  } catch (const bench_error&) {
    found.silent = true; // a figure, too: what the bus has counted is known from its answers to the publisher then
  }
  if (said.known && said.unmatched != options.unwanted)
    throw bench_error{fmt::format("{} unwanted events were sent, {} were counted", options.unwanted, said.unmatched)};
  found.cpu.push_back(static_cast<double>(cpu) / static_cast<double>(options.unwanted));
}

table by_types(const scale_options& options) {
  table out;
  out.title = "scale: types";
  out.columns = {"known types", "CPU us per event that nobody wants", "ms until status answers"};
  std::vector<unwanted_series> found(options.types.size());
  for (size_t round = 0; round < options.rounds; ++round)
    for (size_t i = 0; i < options.types.size(); ++i)
      run_unwanted(found[i], options, options.types[i]);
  for (size_t i = 0; i < options.types.size(); ++i) {
    auto cpu = spread_of(found[i].cpu);
    out.rows.push_back({std::to_string(options.types[i]), text_of(cpu, 1e3, 3),
                        found[i].silent ? "no answer" : text_of(spread_of(found[i].status), 1e6, 1)});
    out.json.push_back({{"types", options.types[i]}, {"cpu_ns_per_event", json_of(cpu)}});
    if (!found[i].silent)
      out.json.back()["status_ns"] = json_of(spread_of(found[i].status));
  }
  out.notes.push_back(fmt::format("{} B, {} events; median (min to max) of {} alternate runs.", options.each.payload,
                                  options.unwanted, options.rounds));
  return out;
}

} // namespace

void add_scale(CLI::App& app, tables& out) {
  auto options = std::make_shared<scale_options>();
  options->each.window = 256;
  options->each.seconds = 0.6;
  auto& mode = add_mode(app, "scale", "Cost of a delivery by consumers, and of an unwanted event by known types");
  add_consumers(mode, options->consumers);
  mode.add_option("--types", options->types, "Known event types; several: a row each")->delimiter(',');
  mode.add_option("--unwanted", options->unwanted, "Events that nobody wants in each run")->check(CLI::PositiveNumber);
  add_payload(mode, options->each.payload);
  mode.add_option("--window", options->each.window, "Events on their way to the slowest consumer")
      ->check(CLI::PositiveNumber);
  mode.add_option("--rounds", options->rounds, "Runs of each, in turns")->check(CLI::PositiveNumber);
  add_times(mode, options->each);
  mode.callback([options, &out] {
    out.push_back(by_consumers(*options));
    out.push_back(by_types(*options));
  });
}

} // namespace cafbus::bench
