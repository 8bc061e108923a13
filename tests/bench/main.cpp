#include "bench/floor.hpp"
#include "bench/inner_bus.hpp"
#include "bench/link.hpp"
#include "bench/modes.hpp"
#include "bench/peer.hpp"

#include <array>
#include <CLI/CLI.hpp>
#include <csignal>
#include <fmt/core.h>
#include <sys/resource.h>
#include <utility>

namespace {

/// Thousands of consumers need more descriptors than a process has by default; what is started inherits them.
void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string text_of(const cafbus::bench::noise& before, const cafbus::bench::noise& after) {
  return fmt::format(
      "At the beginning {:.1f}, at the end {:.1f} threads wanted a processor, on average over a minute; {:.1f} s "
      "of processor time went to other machines.",
      before.load, after.load, after.stolen - before.stolen);
}

void print(const cafbus::bench::tables& found, bool json, bool markdown) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const auto& x : found) {
    all[x.title] = x.json;
    if (!json)
      fmt::print("{}\n", markdown ? as_markdown(x) : as_text(x));
  }
  if (json)
    fmt::print("{}\n", all.dump(2));
}

/// Each as short as it can be without meaning nothing.
constexpr std::array quick_runs{
    "fanout --consumers 1,10,100 --payload 200,4096 --pairs 3 --seconds 0.2 --warm-up 0.1",
    "latency --consumers 10 --pairs 3 --seconds 0.5 --warm-up 0.1",
    "tools --events 100000 --pairs 1",
    "start --pairs 5",
    "idle --consumers 0,100 --seconds 1 --settle 0.5",
};

/// A little of everything, each table as soon as it is there.
void run_quick(CLI::App& app, cafbus::bench::tables& found, bool json, bool markdown) {
  for (const auto* run : quick_runs) {
    app.parse(run);
    if (!json)
      print({std::exchange(found, {}).back()}, false, markdown);
  }
  if (json)
    print(found, true, false);
}

} // namespace

int main(int argc, char** argv) {
  using namespace cafbus::bench;
  raise_descriptor_limit();
  CLI::App app{"Measures a bus, and other servers beside it, on this machine. Every run checks at its end that nothing "
               "was lost, doubled or reordered, and that the bus's counters add up; it fails otherwise."};
  bool json = false;
  bool markdown = false;
  bool quick = false;
  std::string place;
  tables found;
  app.add_flag("--json", json, "Print JSON");
  app.add_flag("--markdown", markdown, "Print Markdown");
  auto* is_quick = app.add_flag("--quick", quick, "Measure a little of everything in about 20 s; without MODE");
  app.require_subcommand(0, 1);
  app.fallthrough();
  add_fanout(app, found);
  add_latency(app, found);
  add_ingest(app, found);
  add_loss_free(app, found);
  add_idle(app, found);
  add_start(app, found);
  add_isolate(app, found);
  add_scale(app, found);
  add_embed(app, found);
  add_tools(app, found);
  add_link(app, found);
  add_filter(app, found);
  for (auto* mode : app.get_subcommands([](const CLI::App*) { return true; }))
    mode->excludes(is_quick);
  auto& floor = *app.add_subcommand("floor-peer", "")->group("");
  floor.add_option("socket", place);
  auto& inner = *app.add_subcommand("inner-bus", "")->group("");
  inner.add_option("dir", place);
  auto& taker = *app.add_subcommand("message-taker", "")->group("");
  taker.add_option("port-file", place);
  try {
    const auto before = noise_now();
    app.parse(argc, argv);
    if (floor.parsed())
      return run_floor(place);
    if (inner.parsed())
      return run_inner_bus(place);
    if (taker.parsed())
      return run_message_taker(place);
    if (!quick && app.get_subcommands().empty()) {
      fmt::print(stderr, "cafbus-bench: name a mode, or --quick; --help lists them\n");
      return 2;
    }
    if (quick) {
      run_quick(app, found, json, markdown);
      return 0;
    }
    if (!found.empty())
      found.back().notes.push_back(text_of(before, noise_now()));
    print(found, json, markdown);
  } catch (const CLI::ParseError& x) {
    return app.exit(x) == 0 ? 0 : 2;
  } catch (const bench_error& x) {
    fmt::print(stderr, "cafbus-bench: {}\n", x.what());
    return 1;
  }
  return 0;
}
