#include "bench/modes.hpp"
#include "bench/run.hpp"

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

struct series {
  std::vector<double> rate; // deliveries per second, by round
  std::vector<double> cpu;  // nanoseconds per delivery
};

std::vector<double> ratios(const std::vector<double>& ours, const std::vector<double>& theirs) {
  std::vector<double> result;
  for (size_t i = 0; i < ours.size(); ++i)
    result.push_back(ours[i] / theirs[i]);
  return result;
}

void add_row(table& out, const load& x, const std::string& name, const series& theirs, const series& ours) {
  auto rate = spread_of(theirs.rate);
  auto cpu = spread_of(theirs.cpu);
  nlohmann::ordered_json json{
      {"consumers", x.consumers},           {"payload", x.payload}, {"types", x.types},
      {"publishers", x.publishers},         {"peer", name},         {"deliveries_per_s", json_of(rate)},
      {"cpu_ns_per_delivery", json_of(cpu)}};
  std::string rate_ratio = "";
  std::string cpu_ratio = "";
  if (name != "cafbus") {
    auto faster = spread_of(ratios(ours.rate, theirs.rate));
    auto cheaper = spread_of(ratios(ours.cpu, theirs.cpu));
    rate_ratio = text_of(faster);
    cpu_ratio = text_of(cheaper);
    json["rate_ratio"] = json_of(faster);
    json["cpu_ratio"] = json_of(cheaper);
  }
  out.rows.push_back({fmt::format("{} x {} B", x.consumers, x.payload), name, text_of(rate, 1e6), text_of(cpu, 1e3, 3),
                      rate_ratio, cpu_ratio});
  out.json.push_back(json);
}

void run_row(table& out, const fanout_options& options, const load& x, const std::vector<std::string>& names) {
  std::map<std::string, series> found;
  for (size_t round = 0; round < options.pairs; ++round) {
    for (const auto& name : names) {
      auto server = start_peer(name, x.server);
      auto result = run(*server, x);
      found[name].rate.push_back(result.rate());
      found[name].cpu.push_back(result.cpu_each());
    }
  }
  for (const auto& name : names)
    add_row(out, x, name, found[name], found["cafbus"]);
}

table fanout(const fanout_options& options) {
  table out{"fanout",
            {"consumers x payload", "server", "M deliveries/s", "CPU us/delivery", "cafbus's rate / its",
             "cafbus's CPU / its"},
            {},
            {},
            {}};
  std::vector<std::string> names{"cafbus"};
  for (const auto& name : options.peers) {
    if (start_peer(name, {}))
      names.push_back(name);
    else
      out.notes.push_back(name + " is not installed: it is in the package " + package_of(name));
  }
  for (auto payload : options.payloads)
    for (auto consumers : options.consumers) {
      auto x = options.each;
      x.consumers = consumers;
      x.payload = payload;
      run_row(out, options, x, names);
    }
  out.notes.push_back(fmt::format("Median (min to max) of {} alternate runs of {} s; {} publisher(s), {} type(s).",
                                  options.pairs, options.each.seconds, options.each.publishers, options.each.types));
  return out;
}

} // namespace

void add_fanout(CLI::App& app, tables& out) {
  auto options = std::make_shared<fanout_options>();
  auto& mode = *app.add_subcommand("fanout", "Deliveries per second and CPU per delivery, as fast as nothing is lost");
  mode.option_defaults()->always_capture_default();
  mode.add_option("--consumers", options->consumers, "Consumers; several: a row each")->delimiter(',');
  mode.add_option("--payload", options->payloads, "Bytes of a payload, at least 61; several: a row each")
      ->delimiter(',');
  mode.add_option("--peer", options->peers, "Compare with redis, nats, floor; several are allowed")->delimiter(',');
  mode.add_option("--pairs", options->pairs, "Runs of each, in turns")->check(CLI::PositiveNumber);
  mode.add_option("--types", options->each.types, "Event types; consumer i wants type i modulo that")
      ->check(CLI::PositiveNumber);
  mode.add_option("--publishers", options->each.publishers, "Publishing connections")->check(CLI::PositiveNumber);
  mode.add_option("--queue-capacity", options->each.server.queue_capacity, "Of cafbus, in events; 0: its default");
  mode.add_option("--queue-bytes", options->each.server.queue_bytes, "Of cafbus; 0: its default");
  mode.add_option("--window", options->each.window,
                  "Events on their way to the slowest consumer; 0: as many as a queue of cafbus holds");
  mode.add_option("--seconds", options->each.seconds, "Measured in each run");
  mode.add_option("--warm-up", options->each.warm_up, "Seconds before that");
  mode.callback([options, &out] { out.push_back(fanout(*options)); });
}

} // namespace cafbus::bench
