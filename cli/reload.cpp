#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/option_flags.hpp"
#include "io/client/client.hpp"
#include "messages/frame_codec.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace cafbus {

namespace {

/// One line of text.
std::string value_text(std::string text) {
  if (text.empty())
    return "unset";
  std::ranges::replace(text, '\n', ' ');
  return plain(text);
}

std::string change_text(const char* what, const option_change& x) {
  return std::string{what} + plain(x.option) + ": " + value_text(x.from) + " -> " + value_text(x.to) + '\n';
}

std::string result_text(const reload_result& x) {
  auto text = x.file.empty() ? std::string{"there is no config file\n"} : "read " + plain(x.file) + '\n';
  for (const auto& change : x.changed)
    text += change_text("changed ", change);
  for (const auto& change : x.need_restart)
    text += change_text("needs a restart: ", change);
  if (x.changed.empty() && x.need_restart.empty())
    text += "nothing has changed\n";
  return text;
}

/// Asks the bus. @param line Its answer as it came.
result<reload_result> ask(const std::string& socket, std::string& line) {
  auto bus = client::connect(socket, connect_timeout);
  if (!bus)
    return bus.error();
  if (auto sent = bus->send(encode(reload_request{}), connect_timeout); !sent)
    return sent.error();
  auto got = bus->next(answer_timeout);
  if (!got)
    return got.error();
  line = bus->line();
  auto* answer = std::get_if<frame>(&*got);
  if (auto* done = answer == nullptr ? nullptr : std::get_if<reload_result>(answer))
    return std::move(*done);
  auto* error = answer == nullptr ? nullptr : std::get_if<error_frame>(answer);
  if (error == nullptr)
    return failure{failure_kind::protocol, "the bus has sent something else than an answer"};
  if (error->code == error_code::bad_first_frame)
    return failure{failure_kind::refused,
                   "this bus is of an older version, which cannot tell: send SIGHUP to process " +
                       std::to_string(bus->bus_pid()) + " and look at its log"};
  return failure{failure_kind::refused, error->message};
}

int run_reload(const option_flags& flags, bool json) {
  auto located = flags.locate();
  if (!located)
    return complain(exit_code::usage, located.error().text);
  std::string line;
  auto outcome = ask(located->socket, line);
  if (!outcome && outcome.error().kind == failure_kind::not_found)
    return complain(exit_code::failed, not_running_text(located->dir, located->socket));
  if (!outcome)
    return complain(exit_code::failed, outcome.error().text);
  auto code = outcome->error.empty() ? exit_code::done : exit_code::usage;
  if (json)
    return print(line + '\n', code);
  for (const auto& warning : outcome->warnings)
    say("warning: " + warning);
  if (code != exit_code::done)
    return complain(code, "nothing has changed: " + outcome->error);
  return print(result_text(*outcome));
}

} // namespace

void add_reload(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("reload", "Let the bus read its configuration again; print what has changed");
  auto flags = std::make_shared<option_flags>();
  flags->add_to(*sub, false);
  auto json = std::make_shared<bool>(false);
  sub->add_flag("--json", *json, "Print the answer of the bus as JSON");
  sub->footer("The bus reads the config file again, and opens its log file again. Flags of\n"
              "`cafbus serve` still override the file, and the environment is still the one at\n"
              "the start of the bus. Options that cannot change while it runs are named.\n"
              "\n"
              "Exit codes: 0 the new configuration holds; 1 the bus does not run, or has not\n"
              "answered; 2 the new configuration is invalid, and nothing has changed, or wrong\n"
              "usage; 4 the answer could not be printed.\n"
              "\n"
              "Examples:\n"
              "  cafbus reload --app shop\n"
              "  cafbus reload --json");
  sub->callback([flags, json, &chosen] { chosen = [flags, json] { return run_reload(*flags, *json); }; });
}

} // namespace cafbus
