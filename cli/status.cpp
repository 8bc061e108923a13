#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/settings.hpp"
#include "cli/status_text.hpp"
#include "io/client.hpp"
#include "messages/frame_codec.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

constexpr auto connect_timeout = 3s;
constexpr auto answer_timeout = 5s;

struct status_flags {
  settings common;
  bool json = false;
};

int report_absent(bool json, const char* state, const std::string& socket, const std::string& message) {
  if (json) {
    nlohmann::ordered_json result{{"state", state}, {"socket", socket}, {"message", message}};
    print(result.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + '\n');
  } else if (std::string_view{state} == "not_running") {
    print("not running\n");
    say(message);
  } else {
    complain(exit_code::failed, message);
  }
  return exit_code::failed;
}

/// The status as the bus sent it and as it was understood, or why there is none.
struct answer {
  std::string line;
  status_response status;
};

std::variant<answer, client_failure> query(client& bus) {
  if (auto failure = bus.send(encode(status_query{}), answer_timeout))
    return std::move(*failure);
  for (auto until = std::chrono::steady_clock::now() + answer_timeout;;) {
    auto got = bus.next(until - std::chrono::steady_clock::now());
    if (auto* failure = std::get_if<client_failure>(&got))
      return std::move(*failure);
    auto* other = std::get_if<frame>(&std::get<client::incoming>(got));
    if (other == nullptr)
      continue;
    if (auto* status = std::get_if<status_response>(other))
      return answer{std::string{bus.line()}, std::move(*status)};
    if (auto* error = std::get_if<error_frame>(other))
      return client_failure{client_failure::reason::refused, std::move(error->message)};
  }
}

int run_status(const status_flags& flags) {
  auto located = flags.common.locate();
  if (auto* error = std::get_if<std::string>(&located))
    return complain(exit_code::usage, *error);
  const auto& paths = std::get<app_paths>(located);
  auto connected = client::connect(paths.socket, connect_timeout);
  if (auto* failure = std::get_if<client_failure>(&connected)) {
    if (failure->kind == client_failure::reason::not_running)
      return report_absent(flags.json, "not_running", paths.socket, not_running_text(paths.dir, paths.socket));
    return report_absent(flags.json, "unknown", paths.socket, failure->text);
  }
  auto got = query(std::get<client>(connected));
  if (auto* failure = std::get_if<client_failure>(&got))
    return report_absent(flags.json, "unresponsive", paths.socket, failure->text);
  const auto& [line, status] = std::get<answer>(got);
  return print(flags.json ? line + '\n' : status_text(status)) ? exit_code::done : exit_code::failed;
}

} // namespace

void add_status(CLI::App& program, command& chosen) {
  auto* sub =
      program.add_subcommand("status", "Show what the bus does, who consumes, and why something does not arrive");
  auto flags = std::make_shared<status_flags>();
  flags->common.add_to(*sub, false);
  sub->add_flag("--json", flags->json, "Print the bus's own answer");
  sub->callback([flags, &chosen] { chosen = [flags] { return run_status(*flags); }; });
}

} // namespace cafbus
