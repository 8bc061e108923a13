#include "bench/floor.hpp"
#include "bench/inner_bus.hpp"
#include "bench/link.hpp"
#include "bench/modes.hpp"
#include "bench/peer.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <fmt/core.h>
#include <sys/resource.h>

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

} // namespace

int main(int argc, char** argv) {
  using namespace cafbus::bench;
  raise_descriptor_limit();
  CLI::App app{"Measures a bus, and other servers beside it, on this machine. Every run checks at its end that nothing "
               "was lost, doubled or reordered, and that the bus's counters add up; it fails otherwise."};
  bool json = false;
  bool markdown = false;
  std::string place;
  tables found;
  app.add_flag("--json", json, "Print JSON");
  app.add_flag("--markdown", markdown, "Print Markdown");
  app.require_subcommand(1);
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
