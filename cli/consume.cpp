#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/consume_session.hpp"
#include "cli/settings.hpp"
#include "config/duration.hpp"
#include "io/starter.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <chrono>
#include <memory>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// Longer than the bus lets a hello wait for another consumer's cleanup.
constexpr auto hello_ack_timeout = 5s;

struct consume_flags {
  settings common;
  consume_request request;
  std::string timeout;
  bool no_spawn = false;
};

/// The bus's answer, as an exit code with its message said.
int explain_refusal(const client_failure& failure) {
  if (failure.kind == client_failure::reason::refused)
    return complain(exit_code::failed, "the bus rejected this consumer: " + failure.text);
  if (failure.kind == client_failure::reason::timeout)
    return complain(exit_code::failed, "the bus did not answer within 5s; `cafbus status` tells whether it is well");
  return complain(exit_code::failed, failure.text);
}

int run_session(client bus, const consume_request& request) {
  consume_session session{std::move(bus), request};
  if (auto error = session.prepare(); !error.empty())
    return complain(exit_code::failed, error);
  say("ready event_key=" + request.subscription.event_key);
  auto why = session.run();
  if (session.unwritten() != 0)
    say("unwritten: " + std::to_string(session.unwritten()) + " of the events received could not be written");
  say("exited: received=" + std::to_string(session.received()) + " dropped=" + std::to_string(session.dropped()) +
      " reason=" + to_string(why));
  if (why == consume_end::bus_shutdown || why == consume_end::connection_lost)
    return exit_code::bus_lost;
  return session.failed() ? exit_code::failed : exit_code::done;
}

int run_consume(consume_flags& flags) {
  auto located = flags.common.locate();
  if (auto* error = std::get_if<std::string>(&located))
    return complain(exit_code::usage, *error);
  auto& request = flags.request;
  if (request.subscription.event_key.empty())
    return complain(exit_code::usage, "KEY must not be empty");
  if (!flags.timeout.empty()) {
    auto parsed = parse_duration(flags.timeout);
    if (auto* error = std::get_if<std::string>(&parsed))
      return complain(exit_code::usage, "--timeout: " + *error);
    request.timeout = std::min<std::chrono::nanoseconds>(std::get<std::chrono::nanoseconds>(parsed), 24h * 3650);
  }
  request.subscription.pid = ::getpid();
  const auto& paths = std::get<app_paths>(located);
  auto found = reach_bus(paths, flags.no_spawn ? spawn_policy::never : spawn_policy::on_demand,
                         [&request](client& bus) -> std::optional<client_failure> {
                           auto ack = bus.subscribe(request.subscription, hello_ack_timeout);
                           if (auto* failure = std::get_if<client_failure>(&ack))
                             return std::move(*failure);
                           return std::nullopt;
                         });
  if (auto* failure = std::get_if<client_failure>(&found))
    return failure->kind == client_failure::reason::not_running
               ? complain(exit_code::failed, not_running_text(paths.dir, paths.socket))
               : explain_refusal(*failure);
  return run_session(std::move(std::get<reached>(found).bus), request);
}

} // namespace

void add_consume(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("consume", "Print the events of a key, one payload a line");
  auto flags = std::make_shared<consume_flags>();
  auto& request = flags->request;
  flags->common.add_to(*sub, false);
  sub->add_option("KEY", request.subscription.event_key, "What is asked for")->required();
  sub->add_option("--types", request.subscription.event_types, "The event types wanted (default: the key)")
      ->type_name("A,B")
      ->delimiter(',')
      ->allow_extra_args(false);
  sub->add_option("--subscription-id", request.subscription.subscription_id,
                  "Identity for first and last (default: the key)");
  sub->add_option("--max-events", request.max_events, "End after so many events (default: never)")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{1}, UINT64_MAX));
  sub->add_option("--timeout", flags->timeout, "End after this time (default: never)")->type_name("DURATION");
  sub->add_option("--output-dir", request.output_dir,
                  "Write each event to a file in there, and nothing to standard output")
      ->type_name("DIR");
  sub->add_flag("--envelope", request.envelope, "The whole event instead of its payload");
  sub->add_flag("--quiet", request.quiet, "Do not report the states of sources");
  sub->add_flag("--no-spawn", flags->no_spawn, "Fail if there is no bus, instead of starting one");
  sub->footer(
      std::string{} +
      "Ends by itself at --max-events or --timeout, by SIGINT or SIGTERM, or when standard output is closed; without\n"
      "those two flags also when standard input is a pipe or socket and reaches its end.\n" +
      std::string{spawn_note});
  sub->callback([flags, &chosen] { chosen = [flags] { return run_consume(*flags); }; });
}

} // namespace cafbus
