#include "bench/delay_wire.hpp"
#include "bench/floor.hpp"
#include "bench/inner_bus.hpp"
#include "bench/link.hpp"
#include "bench/modes.hpp"
#include "bench/peer.hpp"
#include "bench/zmq_proxy.hpp"

#include <array>
#include <CLI/CLI.hpp>
#include <csignal>
#include <fmt/core.h>
#include <sys/resource.h>
#include <thread>
#include <utility>

namespace {

/// Thousands of consumers need more descriptors than a process has by default; what is started inherits them.
void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

struct machine {
  cafbus::bench::noise before;
  cafbus::bench::noise after;

  double stolen() const { return after.stolen - before.stolen; }
};

void print(const machine& on, const cafbus::bench::tables& found, bool json, bool markdown) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  all["machine"] = {{"processors", std::thread::hardware_concurrency()},
                    {"load_before", on.before.load},
                    {"load_after", on.after.load},
                    {"stolen_s", on.stolen()}};
  if (!json)
    fmt::print("{} processors. Before the run {:.1f}, after it {:.1f} threads wanted one, on average over a minute; "
               "meanwhile {:.1f} s of processor time went to other machines.\n\n",
               std::thread::hardware_concurrency(), on.before.load, on.after.load, on.stolen());
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
  using cafbus::bench::noise_now;
  const auto begin = noise_now();
  for (const auto* run : quick_runs) {
    const auto before = noise_now();
    app.parse(run);
    if (!json)
      print({before, noise_now()}, {std::exchange(found, {}).back()}, false, markdown);
  }
  if (json)
    print({begin, noise_now()}, found, true, false);
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
  app.footer(
      "Servers to compare with: redis, nats (packages redis-server, nats-server); zmq, libzmq's proxy from XSUB to\n"
      "XPUB (built with libzmq3-dev); leaf, for `link`, a leaf node of NATS; floor, the kernel alone. They take\n"
      "turns with the bus, and use the same window. One that is missing is left out, with a note.\n"
      "\n"
      "Examples:\n"
      "  cafbus-bench --quick\n"
      "  cafbus-bench fanout --consumers 1,10,100,1000 --payload 200,4096 --peer redis,zmq\n"
      "  cafbus-bench ingest --publishers 1,8 --peer redis,nats,zmq\n"
      "  cafbus-bench fanout --publishers 8 --payload 100 --ids --peer nats\n"
      "  cafbus-bench tools --pairs 10 --peer redis\n"
      "  cafbus-bench link --transport plain,tls --round-trip 0,80 --peer leaf");
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
  auto& proxy = *app.add_subcommand("zmq-proxy", "")->group("");
  proxy.add_option("dir", place);
  auto& wire = *app.add_subcommand("delay-wire", "")->group("");
  uint16_t target = 0;
  uint64_t round_trip_ms = 0;
  wire.add_option("target", target);
  wire.add_option("round-trip-ms", round_trip_ms);
  wire.add_option("port-file", place);
  auto& taker = *app.add_subcommand("message-taker", "")->group("");
  taker.add_option("port-file", place);
  try {
    const auto before = noise_now();
    app.parse(argc, argv);
    if (floor.parsed())
      return run_floor(place);
    if (inner.parsed())
      return run_inner_bus(place);
    if (proxy.parsed())
      return run_zmq_proxy(place);
    if (wire.parsed())
      return run_delay_wire(target, round_trip_ms, place);
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
    print({before, noise_now()}, found, json, markdown);
  } catch (const CLI::ParseError& x) {
    return app.exit(x) == 0 ? 0 : 2;
  } catch (const bench_error& x) {
    fmt::print(stderr, "cafbus-bench: {}\n", x.what());
    return 1;
  }
  return 0;
}
