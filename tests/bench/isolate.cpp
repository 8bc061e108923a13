#include "bench/modes.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>

namespace cafbus::bench {

namespace {

struct isolate_options {
  size_t consumers = 32;
  size_t stuck = 8;
  size_t slow = 4;
  size_t pairs = 5;
  load each;
};

struct isolate_series {
  std::vector<double> p50, p99; // nanoseconds
  uint64_t lost_by_bad = 0;     // over all runs
};

void measure(isolate_series& found, const load& x) {
  auto ages = std::make_unique<latencies>();
  auto result = run_fresh("cafbus", x, ages.get()); // fails if a consumer that reads has lost anything
  found.p50.push_back(static_cast<double>(ages->at(0.5)));
  found.p99.push_back(static_cast<double>(ages->at(0.99)));
  found.lost_by_bad += result.lost_by_bad;
}

void add_row(table& out, const std::string& name, const isolate_series& found, const isolate_series& alone) {
  auto p50 = spread_of(found.p50);
  auto p99 = spread_of(found.p99);
  auto worse = ratio_of(found.p99, alone.p99);
  out.rows.push_back(
      {name, text_of(p50, 1e3, 0), text_of(p99, 1e3, 0), text_of(worse), "0", std::to_string(found.lost_by_bad)});
  out.json.push_back({{"consumers", name},
                      {"p50_ns", json_of(p50)},
                      {"p99_ns", json_of(p99)},
                      {"p99_ratio", json_of(worse)},
                      {"lost", 0},
                      {"lost_by_bad", found.lost_by_bad}});
}

table isolate(const isolate_options& options) {
  if (options.stuck + options.slow >= options.consumers)
    throw bench_error{"of --consumers, some must read: --stuck and --slow together have to be fewer"};
  table out;
  out.title = "isolate";
  out.columns = {"consumers",    "p50 us", "p99 us", "p99 / p99 without bad ones", "lost by those that read",
                 "by the others"};
  auto good = options.each;
  good.consumers = options.consumers - options.stuck - options.slow;
  auto with_bad = good;
  with_bad.stuck = options.stuck;
  with_bad.slow = options.slow;
  isolate_series alone;
  isolate_series mixed;
  for (size_t round = 0; round < options.pairs; ++round) {
    measure(alone, good);
    measure(mixed, with_bad);
  }
  add_row(out, fmt::format("{} that read", good.consumers), alone, alone);
  add_row(out, fmt::format("and {} stuck, {} of a byte a second", options.stuck, options.slow), mixed, alone);
  out.notes.push_back(
      fmt::format("{} events/s of {} B. {}", good.rate, good.payload, how_measured(options.pairs, good)));
  return out;
}

} // namespace

void add_isolate(CLI::App& app, tables& out) {
  auto options = std::make_shared<isolate_options>();
  options->each.rate = 4'000;
  options->each.payload = 1'000;
  options->each.seconds = 1.5;
  auto& mode = add_mode(app, "isolate", "What stuck consumers do to those that read");
  mode.add_option("--consumers", options->consumers, "Consumers, the bad ones included");
  mode.add_option("--stuck", options->stuck, "Of those, how many never read");
  mode.add_option("--slow", options->slow, "Of those, how many read one byte a second");
  mode.add_option("--rate", options->each.rate, "Events per second")->check(CLI::PositiveNumber);
  add_payload(mode, options->each.payload);
  add_queue(mode, options->each.server);
  add_pairs(mode, options->pairs);
  add_times(mode, options->each);
  mode.callback([options, &out] { out.push_back(isolate(*options)); });
}

} // namespace cafbus::bench
