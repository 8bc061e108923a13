#include "bench/clock.hpp"
#include "bench/modes.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>

namespace cafbus::bench {

namespace {

struct idle_options {
  std::vector<size_t> consumers{0, 100, 1'000};
  double settle = 1;
  double seconds = 10;
};

constexpr double mib = 1'048'576;
constexpr double kib = 1'024;

table idle(const idle_options& options) {
  table out;
  out.title = "idle";
  out.columns = {"consumers", "RSS MiB", "PSS MiB", "KiB more per consumer", "wake-ups/s", "CPU ms/s"};
  uint64_t rss_alone = 0;
  for (auto count : options.consumers) {
    auto server = start_peer("cafbus", {});
    std::vector<unique_fd> consumers;
    for (size_t i = 0; i < count; ++i)
      consumers.push_back(server->connect_consumer({type_name(0)}));
    sleep_until(now_ns() + static_cast<uint64_t>(options.settle * 1e9));
    auto switches = context_switches(server->pid());
    auto cpu = cpu_ns(server->pid());
    sleep_until(now_ns() + static_cast<uint64_t>(options.seconds * 1e9));
    auto wakes = static_cast<double>(context_switches(server->pid()) - switches) / options.seconds;
    auto busy = static_cast<double>(cpu_ns(server->pid()) - cpu) / 1e6 / options.seconds;
    auto memory = memory_of(server->pid());
    server->check();
    if (count == 0)
      rss_alone = memory.rss;
    auto more = count > 0 && rss_alone > 0 ? (static_cast<double>(memory.rss) - static_cast<double>(rss_alone)) / kib /
                                                 static_cast<double>(count)
                                           : 0;
    out.rows.push_back({std::to_string(count), fmt::format("{:.1f}", static_cast<double>(memory.rss) / mib),
                        fmt::format("{:.1f}", static_cast<double>(memory.pss) / mib),
                        more > 0 ? fmt::format("{:.1f}", more) : "", fmt::format("{:.2f}", wakes),
                        fmt::format("{:.3f}", busy)});
    out.json.push_back({{"consumers", count},
                        {"rss_bytes", memory.rss},
                        {"pss_bytes", memory.pss},
                        {"kib_per_consumer", more},
                        {"wakeups_per_s", wakes},
                        {"cpu_ms_per_s", busy}});
  }
  out.notes.push_back(fmt::format("Over {} s, {} s after the last consumer came. Wake-ups are context switches of all "
                                  "threads.",
                                  options.seconds, options.settle));
  return out;
}

} // namespace

void add_idle(CLI::App& app, tables& out) {
  auto options = std::make_shared<idle_options>();
  auto& mode = add_mode(app, "idle", "Memory, wake-ups and CPU of a bus with nothing to do");
  mode.add_option("--consumers", options->consumers, "Idle consumers; several: a row each")->delimiter(',');
  mode.add_option("--seconds", options->seconds, "Measured for each")->check(CLI::PositiveNumber);
  mode.add_option("--settle", options->settle, "Seconds before that")->check(CLI::NonNegativeNumber);
  mode.callback([options, &out] { out.push_back(idle(*options)); });
}

} // namespace cafbus::bench
