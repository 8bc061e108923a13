#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/settings.hpp"
#include "io/daemon/starter.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace cafbus {

namespace {

int run_start(const settings& flags) {
  auto located = flags.locate();
  if (!located)
    return complain(exit_code::usage, located.error().text);
  auto found = reach_bus(*located, spawn_policy::asked_for, ask_for_life);
  if (!found)
    return complain(exit_code::failed, found.error().text);
  const auto& [bus, started] = *found;
  say((started ? "started pid=" : "already running pid=") + std::to_string(bus.bus_pid()) +
      " socket=" + located->socket);
  return print(started ? "started\n" : "already running\n") ? exit_code::done : exit_code::failed;
}

} // namespace

void add_start(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("start", "Start the bus in the background, and return once it can be used");
  auto flags = std::make_shared<settings>();
  flags->add_to(*sub, false);
  sub->footer(std::string{"It is no error if the bus runs already. Clears what `cafbus stop --hold` has left.\n"} +
              spawn_note);
  sub->callback([flags, &chosen] { chosen = [flags] { return run_start(*flags); }; });
}

} // namespace cafbus
