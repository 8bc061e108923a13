#include "bench/modes.hpp"

#include "bench/payload.hpp"
#include "bench/system_calls.hpp"
#include "config/defaults.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

namespace cafbus::bench {

CLI::App& add_mode(CLI::App& app, const std::string& name, const std::string& what) {
  auto& result = *app.add_subcommand(name, what);
  result.option_defaults()->always_capture_default();
  return result;
}

void add_consumers(CLI::App& mode, std::vector<size_t>& consumers) {
  mode.add_option("--consumers", consumers, "Consumers; several, separated by commas: a row each")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
}

void add_payload(CLI::App& mode, size_t& payload) {
  mode.add_option("--payload", payload, "Bytes of a payload")
      ->check(CLI::Range(payload::min_size, defaults::max_payload_bytes));
}

void add_pairs(CLI::App& mode, size_t& pairs) {
  mode.add_option("--pairs", pairs, "Runs of each, in turns: A B A B ...")->check(CLI::PositiveNumber);
}

void add_times(CLI::App& mode, load& x) {
  mode.add_option("--seconds", x.seconds, "Measured in each run")->check(CLI::PositiveNumber);
  mode.add_option("--warm-up", x.warm_up, "Seconds before that")->check(CLI::NonNegativeNumber);
}

void add_queue(CLI::App& mode, peer_options& x) {
  mode.add_option("--queue-capacity", x.queue_capacity, "Of the bus, in events; 0: its default");
  mode.add_option("--queue-bytes", x.queue_bytes, "Of the bus; 0: its default");
}

void add_window(CLI::App& mode, load& x) {
  mode.add_option("--window", x.window,
                  "Events on their way to the slowest consumer; "
                  "0: as many as the queue of the bus holds, at most 16,384, for the others as well");
}

void add_publishers(CLI::App& mode, std::vector<size_t>& publishers) {
  mode.add_option("--publishers", publishers, "Publishing connections; several, separated by commas: a row each")
      ->delimiter(',')
      ->check(CLI::Range(1, 999));
}

void add_peers(CLI::App& mode, std::vector<std::string>& peers, const std::set<std::string>& known) {
  mode.add_option("--peer", peers, "Compare with these, separated by commas")
      ->delimiter(',')
      ->check(CLI::IsMember(known));
}

std::vector<std::string> installed(const std::vector<std::string>& peers, std::vector<std::string>& notes) {
  std::vector<std::string> result;
  for (const auto& x : peers) {
    if (auto missing = why_missing(x); missing.empty())
      result.push_back(x);
    else
      notes.push_back("Left out: " + missing);
  }
  return result;
}

measured run_fresh(const std::string& server, const load& x, latencies* ages) {
  auto started = start_peer(server, x.server);
  try {
    return run(*started, x, ages);
  } catch (const bench_error& error) {
    throw bench_error{fmt::format("{} with {} consumers: {}", server, x.consumers, error.what())};
  }
}

std::optional<double> calls_each(const std::string& server, load x) {
  if (!call_counter::allowed())
    return std::nullopt;
  x.count_calls = true;
  const auto found = run_fresh(server, x);
  return found.each(found.calls);
}

std::string per_thousand(std::optional<double> x) {
  return x ? fmt::format("{:.2f}", *x * 1e3) : "";
}

nlohmann::ordered_json json_of(std::optional<double> x) {
  return x ? nlohmann::ordered_json(*x) : nlohmann::ordered_json();
}

std::map<std::string, rate_series> measure_rates(const std::vector<std::string>& servers, const load& x,
                                                 size_t rounds) {
  std::map<std::string, rate_series> found;
  for (size_t round = 0; round < rounds; ++round)
    for (const auto& name : servers) {
      auto result = run_fresh(name, x);
      auto& series = found[name];
      series.rate.push_back(result.rate());
      series.cpu.push_back(result.cpu_each());
      series.faults.push_back(result.each(result.faults));
      series.switches.push_back(result.each(result.switches));
    }
  for (const auto& name : servers)
    found[name].calls = calls_each(name, x);
  return found;
}

void add_rates(nlohmann::ordered_json& row, const rate_series& theirs, const rate_series& ours) {
  row["deliveries_per_s"] = json_of(spread_of(theirs.rate));
  row["cpu_ns_per_delivery"] = json_of(spread_of(theirs.cpu));
  row["page_faults_per_delivery"] = json_of(spread_of(theirs.faults));
  row["context_switches_per_delivery"] = json_of(spread_of(theirs.switches));
  row["system_calls_per_delivery"] = json_of(theirs.calls);
  row["rate_ratio"] = json_of(ratio_of(ours.rate, theirs.rate));
  row["cpu_ratio"] = json_of(ratio_of(ours.cpu, theirs.cpu));
}

spread ratio_of(const std::vector<double>& ours, const std::vector<double>& theirs) {
  std::vector<double> result;
  for (size_t i = 0; i < ours.size(); ++i)
    result.push_back(theirs[i] > 0 ? ours[i] / theirs[i] : 0);
  return spread_of(result);
}

std::string how_measured(size_t pairs, const load& x) {
  return fmt::format("Median (min to max) of {} alternate runs of {} s.", pairs, x.seconds);
}

} // namespace cafbus::bench
