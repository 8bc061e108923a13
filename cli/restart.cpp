#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/option_flags.hpp"
#include "cli/serve_checks.hpp"
#include "config/duration.hpp"
#include "io/daemon/restarter.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

struct restart_flags {
  option_flags common;
  std::string drain;
  bool json = false;
};

result<std::chrono::nanoseconds> drain_of(const std::string& text) {
  if (text.empty())
    return 0ns; // as the bus is set
  auto parsed = parse_duration(text);
  if (!parsed)
    return failure{failure_kind::invalid, "--drain: " + parsed.error().text};
  return std::clamp<std::chrono::nanoseconds>(*parsed, 1ms, 24h);
}

int report_failed_restart(const failure& why, bool json) {
  const auto refused = why.kind == failure_kind::refused || why.kind == failure_kind::invalid;
  const auto code = complain(refused ? exit_code::usage : exit_code::failed, why.text);
  if (!json)
    return code;
  nlohmann::ordered_json x{{"state", "failed"}, {"error", {{"code", to_string(why.kind)}, {"message", why.text}}}};
  return print(x.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + '\n', code);
}

int run_restart(const restart_flags& flags) {
  auto paths = flags.common.locate();
  if (!paths)
    return complain(exit_code::usage, paths.error().text);
  auto drain = drain_of(flags.drain);
  if (!drain)
    return complain(exit_code::usage, drain.error().text);
  auto check = [&]() -> result<void> {
    auto loaded = flags.common.load();
    return loaded ? check_serve_options(*loaded, true) : loaded.error();
  };
  auto done = restart_bus(*paths, *drain, check);
  if (!done)
    return report_failed_restart(done.error(), flags.json);
  const auto* word = done->stopped.pid != 0 ? "restarted" : "started";
  if (flags.json) {
    nlohmann::ordered_json x{{"state", word}, {"pid", done->pid}, {"socket", paths->socket}};
    if (done->stopped.pid != 0)
      x["old_pid"] = done->stopped.pid;
    return print(x.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + '\n');
  }
  if (!done->stopped.message.empty())
    say(done->stopped.message);
  say(std::string{word} + " pid=" + std::to_string(done->pid) + " socket=" + paths->socket);
  return print(std::string{word} + '\n');
}

} // namespace

void add_restart(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("restart", "Put a bus of this version in the place of the one that runs");
  auto flags = std::make_shared<restart_flags>();
  flags->common.add_to(*sub, false);
  sub->add_option("--drain", flags->drain,
                  "Time that consumers get to receive queued events (default: the bus's option drain, 2s)")
      ->type_name("DURATION");
  sub->add_flag("--json", flags->json, "Print the outcome as JSON");
  sub->footer("Stops the bus as `cafbus stop --force` does, and starts this version in the\n"
              "background with the CAFBUS_... variables of the old bus and the config file as\n"
              "it is now. Publishers that come meanwhile wait for the new bus. Past events are\n"
              "not handed over: `cafbus consume --reconnect` goes on, and says `gap: restart`;\n"
              "other consumers end. If the options are wrong, the old bus goes on.\n"
              "\n"
              "A bus that runs in the foreground (`cafbus serve`, a service) is refused:\n"
              "restart it where it was started. If no bus runs, one is started.\n"
              "\n"
              "Exit codes: 0 the new bus is running; 1 the old one could not be stopped, or no\n"
              "new one be started; 2 refused, or wrong usage; 4 the outcome could not be\n"
              "printed.\n"
              "\n"
              "Examples:\n"
              "  cafbus restart --app shop\n"
              "  cafbus restart --drain 10s --json");
  sub->callback([flags, &chosen] { chosen = [flags] { return run_restart(*flags); }; });
}

} // namespace cafbus
