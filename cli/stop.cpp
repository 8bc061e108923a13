#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/settings.hpp"
#include "io/client.hpp"
#include "messages/frame_codec.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <poll.h>

#include <chrono>
#include <memory>
#include <optional>

// Whether the bus may stop is decided in the bus, where no consumer can come between the question and the decision.
// What this command adds is that it returns only once the bus is gone, so that `stop && serve` works.

namespace cafbus {

namespace {

using namespace std::chrono_literals;
using reason = client_failure::reason;
using clock = std::chrono::steady_clock;

constexpr auto connect_timeout = 3s;
constexpr auto gone_timeout = 10s;
constexpr auto gone_poll = 20ms;

struct stop_flags {
  settings common;
  bool force = false;
  bool json = false;
};

int report(const stop_flags& flags, int code, const char* state, const std::string& message = {}) {
  if (flags.json) {
    nlohmann::ordered_json result{{"state", state}};
    if (!message.empty())
      result["message"] = message;
    print(result.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + '\n');
  } else if (code == exit_code::done) {
    print(std::string{state} == "not_running" ? "not running\n" : std::string{state} + '\n');
  } else {
    complain(code, message);
  }
  return code;
}

/// What the bus says to a shutdown: nothing if it just hangs up, which is its consent.
std::optional<client_failure> ask(client& bus, bool force, clock::time_point until) {
  auto failure = bus.send(encode(shutdown{force}), connect_timeout);
  if (failure && failure->kind != reason::closed)
    return failure;
  for (;;) {
    auto got = bus.next(until - clock::now());
    if (auto* end = std::get_if<client_failure>(&got))
      return end->kind == reason::closed ? std::nullopt : std::optional{std::move(*end)};
    if (auto* other = std::get_if<frame>(&std::get<client::incoming>(got)))
      if (auto* error = std::get_if<error_frame>(other))
        return client_failure{reason::refused, std::move(error->message)};
  }
}

/// Whether the bus that was process `pid` listens no more. Another one may do so already: it is not ours to wait for.
bool is_gone(const std::string& socket, pid_t pid) {
  auto probe = client::connect(socket, gone_poll);
  if (auto* failure = std::get_if<client_failure>(&probe))
    return failure->kind == reason::not_running;
  return std::get<client>(probe).bus_pid() != pid;
}

int run_stop(const stop_flags& flags) {
  auto located = flags.common.locate();
  if (auto* error = std::get_if<std::string>(&located))
    return complain(exit_code::usage, *error);
  const auto& socket = std::get<app_paths>(located).socket;
  auto connected = client::connect(socket, connect_timeout);
  if (auto* failure = std::get_if<client_failure>(&connected)) {
    if (failure->kind == reason::not_running)
      return report(flags, exit_code::done, "not_running");
    return report(flags, exit_code::failed, "unknown", failure->text);
  }
  auto& bus = std::get<client>(connected);
  auto pid = bus.bus_pid();
  auto until = clock::now() + gone_timeout;
  if (auto failure = ask(bus, flags.force, until)) {
    if (failure->kind == reason::refused)
      return report(flags, exit_code::usage, "refused", failure->text);
    return report(flags, exit_code::failed, "unknown", failure->text);
  }
  while (!is_gone(socket, pid)) {
    if (clock::now() >= until)
      return report(flags, exit_code::failed, "stopping",
                    "the bus (process " + std::to_string(pid) + ") agreed to stop, but still listens at " + socket);
    ::poll(nullptr, 0, static_cast<int>(gone_poll.count()));
  }
  return report(flags, exit_code::done, "stopped");
}

} // namespace

void add_stop(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("stop", "Stop the bus, and return once it is gone");
  auto flags = std::make_shared<stop_flags>();
  flags->common.add_to(*sub, false);
  sub->add_flag("--force", flags->force, "Even while consumers are connected");
  sub->add_flag("--json", flags->json, "Print the outcome as JSON");
  sub->callback([flags, &chosen] { chosen = [flags] { return run_stop(*flags); }; });
}

} // namespace cafbus
