#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/option_flags.hpp"
#include "io/daemon/starter.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <memory>

namespace cafbus {

namespace {

int print_json(const nlohmann::ordered_json& x, int code) {
  return print(x.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + '\n', code);
}

int run_start(const option_flags& flags, bool json) {
  auto located = flags.locate();
  if (!located)
    return complain(exit_code::usage, located.error().text);
  const auto& paths = *located;
  auto found = reach_bus(paths, spawn_policy::asked_for, ask_for_life);
  if (!found) {
    const auto& why = found.error();
    complain(exit_code::failed, why.text);
    if (!json)
      return exit_code::failed;
    return print_json({{"state", "failed"}, {"error", {{"code", to_string(why.kind)}, {"message", why.text}}}},
                      exit_code::failed);
  }
  const auto& [bus, started] = *found;
  if (started)
    tell_of_others(paths);
  if (json)
    return print_json(
        {{"state", started ? "started" : "already_running"}, {"pid", bus.bus_pid()}, {"socket", paths.socket}},
        exit_code::done);
  say((started ? "started pid=" : "already running pid=") + std::to_string(bus.bus_pid()) + " socket=" + paths.socket);
  return print(started ? "started\n" : "already running\n");
}

} // namespace

void add_start(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("start", "Start the bus in the background; return when it accepts consumers");
  auto flags = std::make_shared<option_flags>();
  flags->add_to(*sub, false);
  auto json = std::make_shared<bool>(false);
  sub->add_flag("--json", *json, "Print the outcome as JSON");
  sub->footer(std::string{"It is no error if the bus is running already. Starts on demand work again after\n"
                          "`cafbus stop --hold`. Prints `started` or `already running`.\n"
                          "\n"
                          "Exit codes: 0 the bus is running; 1 it could not be started; 2 wrong usage.\n"
                          "\n"
                          "Examples:\n"
                          "  cafbus start --app shop\n"
                          "  cafbus start --json\n"
                          "\n"} +
              spawn_note);
  sub->callback([flags, json, &chosen] { chosen = [flags, json] { return run_start(*flags, *json); }; });
}

} // namespace cafbus
