#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/option_flags.hpp"
#include "config/duration.hpp"
#include "io/daemon/stopper.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

struct stop_flags {
  option_flags common;
  stop_request request;
  std::string drain;
  bool all = false;
  bool json = false;
};

nlohmann::ordered_json to_json(const stop_result& x, const std::string& app) {
  nlohmann::ordered_json result{{"app", app}, {"state", to_string(x.state)}};
  if (x.pid != 0)
    result["pid"] = x.pid;
  if (!x.message.empty())
    result["message"] = x.message;
  return result;
}

int print_results(const nlohmann::ordered_json& x, int code) {
  return print(x.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + '\n', code);
}

int code_of(const stop_result& x) {
  if (x.done)
    return exit_code::done;
  return x.state == stop_state::refused ? exit_code::usage : exit_code::failed;
}

result<void> parse_drain(stop_flags& flags) {
  if (flags.drain.empty())
    return {};
  auto parsed = parse_duration(flags.drain);
  if (!parsed)
    return failure{failure_kind::invalid, "--drain: " + parsed.error().text};
  // the frame says "as the bus is set" by 0
  flags.request.drain = std::clamp<std::chrono::nanoseconds>(*parsed, 1ms, 24h);
  return {};
}

int run_stop(stop_flags& flags) {
  if (auto parsed = parse_drain(flags); !parsed)
    return complain(exit_code::usage, parsed.error().text);
  auto located = flags.common.locate();
  if (!located)
    return complain(exit_code::usage, located.error().text);
  const auto& own = *located;
  auto apps = flags.all ? find_apps(own.base) : std::vector{own};
  auto worst = exit_code::done;
  auto printed = exit_code::done;
  auto list = nlohmann::ordered_json::array();
  for (const auto& paths : apps) {
    auto app = paths.dir.substr(paths.dir.rfind('/') + 1);
    auto outcome = stop_bus_of(paths, flags.request);
    auto code = code_of(outcome);
    if (outcome.state == stop_state::refused)
      outcome.message += "; `cafbus stop --force` stops the bus when they have received what is queued for them";
    // what failed is worse than what was refused
    worst = worst == exit_code::failed || code == exit_code::done ? worst : code;
    list.push_back(to_json(outcome, app));
    if (flags.json)
      continue;
    auto prefix = flags.all ? app + ": " : std::string{};
    auto words = outcome.state == stop_state::not_running ? "not running" : to_string(outcome.state);
    if (outcome.done && print(prefix + words + '\n') != exit_code::done)
      printed = exit_code::unwritable;
    if (!outcome.message.empty())
      outcome.done ? say(prefix + outcome.message) : void(complain(code, prefix + outcome.message));
  }
  if (flags.json)
    return print_results(flags.all ? nlohmann::ordered_json{{"apps", list}} : list[0], worst);
  if (apps.empty())
    return print("not running\n", worst);
  return worst == exit_code::done ? printed : worst;
}

} // namespace

void add_stop(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("stop", "Stop the bus; return when it has ended");
  auto flags = std::make_shared<stop_flags>();
  flags->common.add_to(*sub, false);
  sub->add_flag("--force", flags->request.force,
                "Stop it even while consumers are connected; kill a bus that does not answer within 5s");
  sub->add_option("--drain", flags->drain,
                  "Time that consumers get to receive queued events (default: the bus's option drain, 2s)")
      ->type_name("DURATION");
  sub->add_flag("--hold", flags->request.hold,
                "Keep consume and publish from starting it again until `cafbus start` or `cafbus serve` has");
  sub->add_flag("--all", flags->all, "Stop the buses of all apps in --dir");
  sub->add_flag("--json", flags->json, "Print the outcome as JSON");
  sub->footer("It is no error if the bus is not running.\n"
              "\n"
              "Exit codes: 0 the bus has ended; 1 it could not be stopped; 2 refused because\n"
              "consumers are connected, or wrong usage; 4 the outcome could not be printed.\n"
              "\n"
              "Examples:\n"
              "  cafbus stop\n"
              "  cafbus stop --all --force --drain 10s");
  sub->callback([flags, &chosen] { chosen = [flags] { return run_stop(*flags); }; });
}

} // namespace cafbus
