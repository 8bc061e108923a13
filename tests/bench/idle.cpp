#include "bench/clock.hpp"
#include "bench/modes.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <map>
#include <memory>

namespace cafbus::bench {

namespace {

struct idle_options {
  std::vector<size_t> consumers{0, 1, 1'000};
  std::vector<std::string> peers;
  double settle = 1;
  double seconds = 10;
};

struct idle_found {
  memory held;
  double wakes = 0; // per second
  double busy = 0;  // milliseconds per second
};

constexpr double mib = 1'048'576;
constexpr double kib = 1'024;

idle_found measure(const idle_options& options, const std::string& name, size_t count) {
  auto server = start_peer(name, {});
  std::vector<unique_fd> consumers;
  for (size_t i = 0; i < count; ++i)
    consumers.push_back(server->connect_consumer({type_name(0)}));
  sleep_until(now_ns() + static_cast<uint64_t>(options.settle * 1e9));
  auto switches = context_switches(server->pid());
  auto cpu = cpu_ns(server->pid());
  sleep_until(now_ns() + static_cast<uint64_t>(options.seconds * 1e9));
  idle_found result;
  result.wakes = static_cast<double>(context_switches(server->pid()) - switches) / options.seconds;
  result.busy = static_cast<double>(cpu_ns(server->pid()) - cpu) / 1e6 / options.seconds;
  result.held = memory_of(server->pid());
  server->check();
  return result;
}

table idle(const idle_options& options) {
  table out;
  out.title = "idle";
  out.columns = {"consumers",  "server",  "RSS MiB", "PSS MiB", "KiB for each further consumer",
                 "wake-ups/s", "CPU ms/s"};
  std::vector<std::string> names{"cafbus"};
  for (const auto& name : installed(options.peers, out.notes))
    names.push_back(name);
  std::map<std::string, std::pair<size_t, double>> first; // consumers and resident bytes, of the first row with any
  for (auto count : options.consumers)
    for (const auto& name : names) {
      const auto found = measure(options, name, count);
      const auto rss = static_cast<double>(found.held.rss);
      double more = 0;
      if (count > 0) {
        const auto [few, held] = first.try_emplace(name, count, rss).first->second;
        more = count > few ? (rss - held) / kib / static_cast<double>(count - few) : 0;
      }
      out.rows.push_back({std::to_string(count), name, fmt::format("{:.1f}", rss / mib),
                          fmt::format("{:.1f}", static_cast<double>(found.held.pss) / mib),
                          more > 0 ? fmt::format("{:.1f}", more) : "", fmt::format("{:.2f}", found.wakes),
                          fmt::format("{:.3f}", found.busy)});
      out.json.push_back({{"consumers", count},
                          {"server", name},
                          {"rss_bytes", found.held.rss},
                          {"pss_bytes", found.held.pss},
                          {"kib_per_consumer", more},
                          {"wakeups_per_s", found.wakes},
                          {"cpu_ms_per_s", found.busy}});
    }
  out.notes.push_back(fmt::format("Over {} s, {} s after the last consumer came. Wake-ups are context switches of all "
                                  "threads. What only its start has needed, a bus lets go of after half a second "
                                  "and after ten.",
                                  options.seconds, options.settle));
  return out;
}

} // namespace

void add_idle(CLI::App& app, tables& out) {
  auto options = std::make_shared<idle_options>();
  auto& mode = add_mode(app, "idle", "Memory, wake-ups and CPU of a bus with nothing to do");
  mode.add_option("--consumers", options->consumers, "Idle consumers; several: a row each")->delimiter(',');
  add_peers(mode, options->peers, {"redis", "nats", "zmq"});
  mode.add_option("--seconds", options->seconds, "Measured for each")->check(CLI::PositiveNumber);
  mode.add_option("--settle", options->settle, "Seconds before that")->check(CLI::NonNegativeNumber);
  mode.callback([options, &out] { out.push_back(idle(*options)); });
}

} // namespace cafbus::bench
