#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/helper_program.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <utility>

// The benchmark is a program of its own, which knows its modes and their options. Here stands what help shows of it;
// all words behind `bench` are passed on as they are.

namespace cafbus {

namespace {

struct bench_flags {
  bool quick = false;
  bool json = false;
  bool markdown = false;
  std::string mode;
};

} // namespace

void add_bench(CLI::App& program) {
  auto* sub = program.add_subcommand("bench", "Measure a bus on this machine: throughput, latency, start, memory");
  auto flags = std::make_shared<bench_flags>(); // for help only
  sub->add_option("MODE", flags->mode, "What to measure, followed by its own options")
      ->type_name("fanout|latency|ingest|loss-free|idle|start|isolate|scale|embed|tools|link|filter");
  sub->add_flag("--quick", flags->quick, "Measure a little of everything in about 20 s; without MODE");
  sub->add_flag("--json", flags->json, "Print JSON");
  sub->add_flag("--markdown", flags->markdown, "Print tables in Markdown");
  sub->footer("Modes: fanout, latency, ingest, loss-free, idle, start, isolate, scale, embed,\n"
              "tools, link, filter; `cafbus bench MODE --help` describes one. Each run uses\n"
              "buses of its own in a temporary folder and checks that nothing was lost,\n"
              "doubled or reordered, and that the counters of the bus add up. Redis, NATS and\n"
              "ZeroMQ are measured beside it on request (--peer redis,zmq), where they are\n"
              "installed; `cafbus-bench --help` names all of them.\n"
              "\n"
              "Exit codes: 0 measured; 1 a check failed, or cafbus-bench is not installed; 2\n"
              "wrong usage.\n"
              "\n"
              "Examples:\n"
              "  cafbus bench --quick\n"
              "  cafbus bench fanout --consumers 1,100 --payload 200,4096 --peer redis");
  sub->callback([flags] {});
}

int run_bench(std::vector<std::string> arguments) {
  auto self = own_program();
  auto program = find_helper(self, "cafbus-bench");
  if (program.empty())
    return complain(exit_code::failed, "the program cafbus-bench is neither beside " + self +
                                           " nor in ../libexec/cafbus; build with -DCAFBUS_BENCH=ON and install it");
  arguments.front() = "cafbus-bench";
  return become(program, std::move(arguments));
}

} // namespace cafbus
