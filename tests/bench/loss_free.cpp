#include "bench/modes.hpp"

#include <CLI/CLI.hpp>
#include <cmath>
#include <fmt/core.h>
#include <memory>

namespace cafbus::bench {

namespace {

struct loss_free_options {
  std::vector<size_t> consumers{1, 10, 100};
  std::vector<uint32_t> capacities{100, 0};
  double lowest = 1'000; // events per second
  double highest = 5'000'000;
  size_t tries = 2;
  size_t steps = 4;
  load each;
};

/// A publisher that the bus slows down, or that this machine cannot run faster, is no test of a rate above its own.
constexpr double kept_up = 0.97;

struct verdict {
  bool lossless = false;
  bool too_fast = false; // for the publisher
};

verdict lossless(const loss_free_options& options, load x, double rate) {
  x.rate = rate;
  verdict result;
  for (size_t i = 0; i < options.tries; ++i) {
    auto found = run_fresh("cafbus", x);
    auto sent = found.rate() / static_cast<double>(x.consumers);
    result.too_fast = found.lost == 0 && sent < rate * kept_up;
    if (found.lost == 0 && !result.too_fast)
      return {true, false};
  }
  return result;
}

struct found_rate {
  double rate = 0;
  const char* ended_by = "";
};

/// Doubles until something is lost, then halves the interval in ratios.
found_rate highest(const loss_free_options& options, const load& x) {
  auto good = 0.0;
  auto bad = options.lowest;
  verdict last;
  while ((last = lossless(options, x, bad)).lossless) {
    good = bad;
    bad *= 2;
    if (bad > options.highest)
      return {good, "--highest"};
  }
  auto limited = last.too_fast;
  for (size_t i = 0; i < options.steps && good > 0; ++i) {
    auto middle = good * std::sqrt(bad / good);
    last = lossless(options, x, middle);
    (last.lossless ? good : bad) = middle;
    limited = last.lossless ? limited : last.too_fast;
  }
  return {good, limited ? "the publisher's own speed" : "a loss"};
}

table loss_free(const loss_free_options& options) {
  table out;
  out.title = "loss-free";
  out.columns = {"queue capacity", "consumers", "highest events/s without a loss", "ended by"};
  for (auto capacity : options.capacities)
    for (auto consumers : options.consumers) {
      auto x = options.each;
      x.consumers = consumers;
      x.server.queue_capacity = capacity;
      x.may_lose = true;
      auto found = highest(options, x);
      out.rows.push_back({capacity ? std::to_string(capacity) : "default", std::to_string(consumers),
                          fmt::format("{:.0f}", found.rate), found.ended_by});
      out.json.push_back({{"queue_capacity", capacity},
                          {"consumers", consumers},
                          {"events_per_s", found.rate},
                          {"ended_by", found.ended_by}});
    }
  out.notes.push_back(fmt::format("{} B; paced runs of {} s; a rate counts if one run of {} loses nothing.",
                                  options.each.payload, options.each.seconds, options.tries));
  return out;
}

} // namespace

void add_loss_free(CLI::App& app, tables& out) {
  auto options = std::make_shared<loss_free_options>();
  options->each.seconds = 0.6;
  options->each.warm_up = 0.1;
  auto& mode = add_mode(app, "loss-free", "Searches the highest rate of events at which nothing is lost");
  add_consumers(mode, options->consumers);
  mode.add_option("--queue-capacity", options->capacities, "Events; 0: the default; several: a row each")
      ->delimiter(',');
  add_payload(mode, options->each.payload);
  mode.add_option("--lowest", options->lowest, "Events per second to start from")->check(CLI::PositiveNumber);
  mode.add_option("--highest", options->highest, "Events per second to end at")->check(CLI::PositiveNumber);
  mode.add_option("--tries", options->tries, "Runs at a rate, of which one must lose nothing")
      ->check(CLI::PositiveNumber);
  mode.add_option("--steps", options->steps, "Halvings of the interval that is left");
  add_times(mode, options->each);
  mode.callback([options, &out] { out.push_back(loss_free(*options)); });
}

} // namespace cafbus::bench
