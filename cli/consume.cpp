#include "cli/command_line.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/consume_session.hpp"
#include "cli/settings.hpp"
#include "config/duration.hpp"
#include "io/daemon/starter.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// Longer than the bus lets a hello wait for another consumer's cleanup.
constexpr auto hello_ack_timeout = 5s;
/// Longer than the bus lets a set-up run.
constexpr auto set_up_timeout = defaults::cleanup_lease + 5s;
/// Years, so that no clock overflows however it adds.
constexpr std::chrono::nanoseconds longest = 24h * 3650;

struct consume_flags {
  settings common;
  consume_request request;
  std::string max_events;
  std::string timeout;
  std::string idle_timeout;
  std::string exec;
  std::string exec_timeout;
  std::string on_exec_error;
  std::string empty; // a flag that was given an empty value, which must not count as not given
  bool no_spawn = false;
};

/// @returns what is wrong with the value of the flag `name`, empty if nothing is; no value leaves `target` alone.
std::string read_duration(const char* name, const std::string& text, std::chrono::nanoseconds& target) {
  if (text.empty())
    return {};
  auto parsed = parse_duration(text);
  if (!parsed)
    return std::string{name} + ": " + parsed.error().text;
  target = std::min(*parsed, longest);
  return {};
}

/// CLI11 would take -1 for the largest number there is.
std::string read_max_events(const std::string& text, uint64_t& target) {
  if (text.empty())
    return {};
  auto parsed = parse_count(text);
  if (!parsed)
    return "--max-events: " + parsed.error().text;
  target = *parsed;
  return target == 0 ? "--max-events: it must be at least 1; leave it out for any number" : "";
}

std::string read_command(const consume_flags& flags, consume_request& request) {
  auto split = split_command(flags.exec);
  if (auto* error = std::get_if<std::string>(&split))
    return "--exec: " + *error;
  if (!request.output_dir.empty())
    return "--exec and --output-dir are both told to take the events; leave one out";
  request.command = std::move(std::get<std::vector<std::string>>(split));
  if (auto error = program_error(request.command[0]); !error.empty())
    return "--exec: " + error;
  request.skip_failures = flags.on_exec_error == "skip";
  return {};
}

/// Puts the flags into the request. @returns what is wrong with them, empty if nothing is.
std::string understand(const consume_flags& flags, consume_request& request) {
  if (request.subscription.event_key.empty())
    return "KEY must not be empty";
  if (!flags.empty.empty())
    return flags.empty + ": its value must not be empty";
  for (const auto& error : {read_max_events(flags.max_events, request.max_events),
                            read_duration("--timeout", flags.timeout, request.timeout),
                            read_duration("--idle-timeout", flags.idle_timeout, request.idle_timeout),
                            read_duration("--exec-timeout", flags.exec_timeout, request.command_timeout)})
    if (!error.empty())
      return error;
  if (!flags.exec.empty())
    return read_command(flags, request);
  if (!flags.exec_timeout.empty() || !flags.on_exec_error.empty())
    return std::string{flags.exec_timeout.empty() ? "--on-exec-error" : "--exec-timeout"} +
           " says nothing without --exec";
  return {};
}

/// The bus's answer, as an exit code with its message said.
int explain_refusal(const failure& why) {
  if (why.kind == failure_kind::refused)
    return complain(exit_code::failed, "the bus rejected this consumer: " + why.text);
  if (why.kind == failure_kind::timed_out)
    return complain(exit_code::failed, "the bus did not answer within 5s; `cafbus status` tells whether it is well");
  return complain(exit_code::failed, why.text);
}

/// How to go on after an end that nobody here asked for.
void explain_loss(consume_end why, const std::string& app) {
  if (why == consume_end::bus_shutdown)
    say("the bus has stopped; run the same command again once it is wanted back");
  if (why == consume_end::connection_lost)
    say("the connection to the bus is lost, and what is published from now on is missed: `cafbus status --app " + app +
        "` tells how the bus is; to go on, run the same command again");
}

int run_session(client bus, event_files files, const consume_request& request, const std::string& app) {
  consume_session session{std::move(bus), std::move(files), request};
  if (auto error = session.prepare(); !error.empty())
    return complain(exit_code::failed, error);
  say("ready event_key=" + request.subscription.event_key);
  auto why = session.run();
  auto received = std::to_string(session.received());
  if (session.unwritten() != 0)
    say("unwritten: " + std::to_string(session.unwritten()) + " of the events received could not be written");
  if (session.failed_commands() != 0)
    say("failed: the command failed on " + std::to_string(session.failed_commands()) + " of " + received + " events");
  if (!request.command.empty() && why != consume_end::limit && session.unhandled() != 0)
    say("unhandled: " + std::to_string(session.unhandled()) + " more events had come; the command was not run on them");
  explain_loss(why, app);
  say("exited: received=" + received + " dropped=" + std::to_string(session.dropped()) + " reason=" + to_string(why));
  if (why == consume_end::bus_shutdown || why == consume_end::connection_lost)
    return exit_code::bus_lost;
  return session.failed() ? exit_code::failed : exit_code::done;
}

/// How soon a bus that was busy is asked again: well within the tenth of a second in which nobody notices.
constexpr auto retry_pause = std::chrono::milliseconds{40};

/// Finds or starts the bus and says hello. One that is busy cleaning up after others, or full, is asked again.
result<reached> join_bus(const app_paths& paths, const consume_flags& flags) {
  const auto& greeting = flags.request.subscription;
  auto patience = greeting.on_first.empty() ? hello_ack_timeout : set_up_timeout;
  auto until = std::chrono::steady_clock::now() + set_up_timeout;
  bool told = false;
  for (;;) {
    auto found = reach_bus(paths, flags.no_spawn ? spawn_policy::never : spawn_policy::on_demand,
                           [&](client& bus) -> result<void> {
                             if (auto ack = bus.subscribe(greeting, patience); !ack)
                               return ack.error();
                             return {};
                           });
    if (found || found.error().kind != failure_kind::unavailable || std::chrono::steady_clock::now() > until)
      return found;
    if (!std::exchange(told, true))
      say("waiting: " + found.error().text);
    std::this_thread::sleep_for(retry_pause); // for want of room it says no at once
  }
}

int run_consume(consume_flags& flags) {
  auto located = flags.common.locate();
  if (!located)
    return complain(exit_code::usage, located.error().text);
  auto& request = flags.request;
  if (auto error = understand(flags, request); !error.empty())
    return complain(exit_code::usage, error);
  // before the bus hears of us: a run that cannot work must not be anybody's first consumer
  event_files files;
  if (!request.output_dir.empty())
    if (auto error = files.open(request.output_dir); !error.empty())
      return complain(exit_code::failed, error);
  request.subscription.pid = ::getpid();
  const auto& paths = *located;
  auto found = join_bus(paths, flags);
  if (!found)
    return found.error().kind == failure_kind::not_found
               ? complain(exit_code::failed, not_running_text(paths.dir, paths.socket))
               : explain_refusal(found.error());
  return run_session(std::move(found->bus), std::move(files), request, paths.dir.substr(paths.dir.rfind('/') + 1));
}

constexpr const char* footer =
    "Ends by itself at --max-events, --timeout or --idle-timeout, by SIGINT or SIGTERM (a second one ends it at once), "
    "or\n"
    "when standard output is closed; without those three flags also when standard input is a pipe or socket and "
    "reaches\n"
    "its end. Exit codes: 0 ended so, 1 failed, 2 wrong usage, 3 the bus ended; the last line says how:\n"
    "  [cafbus] exited: received=N dropped=M reason=limit|timeout|idle_timeout|signal|stdin_eof|output_closed|\n"
    "                                               exec_failed|bus_shutdown|connection_lost\n"
    "\n"
    "A command of --exec finds CAFBUS_EVENT_TYPE, CAFBUS_EVENT_ID, CAFBUS_SEQ and CAFBUS_EVENT_KEY in its "
    "environment.\n"
    "Events wait while it works. One that is slower than they come makes the bus drop the oldest, which is reported; "
    "if\n"
    "it stays behind by more than 8 MiB, the bus gives this consumer up as stalled (`cafbus serve --write-timeout`).\n"
    "\n"
    "Examples:\n"
    "  cafbus consume im.message --max-events 1 --timeout 1min\n"
    "  cafbus consume orders --types order.paid,order.sent --exec 'sh -c \"cat >> $HOME/orders\"' --on-exec-error skip";

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
                  "Identity for first and last (default: the key)")
      ->type_name("ID");
  sub->add_option("--max-events", flags->max_events, "End after so many events (default: never)")->type_name("N");
  sub->add_option("--timeout", flags->timeout, "End after this time (default: never)")->type_name("DURATION");
  sub->add_option("--idle-timeout", flags->idle_timeout, "End after this time without an event (default: never)")
      ->type_name("DURATION");
  sub->add_option("--on-first", request.subscription.on_first,
                  "The bus runs this with /bin/sh before the first consumer of the subscription is let in")
      ->type_name("COMMAND");
  sub->add_option("--on-last", request.subscription.on_last,
                  "The bus runs this with /bin/sh once the last one has gone, whoever that is and however it ended")
      ->type_name("COMMAND");
  sub->add_option("--output-dir", request.output_dir,
                  "Write each event to a file in there, and nothing to standard output")
      ->type_name("DIR");
  sub->add_option("--exec", flags->exec,
                  "Run this on each event, one after the other, with the event on its standard input; "
                  "split into words by blanks and quotes, without a shell")
      ->type_name("COMMAND");
  sub->add_option("--exec-timeout", flags->exec_timeout,
                  "End a command that takes longer, which is a failure (default: " + to_text(defaults::exec_timeout) +
                      ')')
      ->type_name("DURATION");
  sub->add_option("--on-exec-error", flags->on_exec_error,
                  "When a command fails: stop ends the run, skip goes on and counts (default: stop)")
      ->type_name("POLICY")
      ->check(CLI::IsMember({"stop", "skip"}));
  sub->add_flag("--envelope", request.envelope, "The whole event instead of its payload");
  sub->add_flag("--quiet", request.quiet, "Do not report the states of sources");
  sub->add_flag("--no-spawn", flags->no_spawn, "Fail if there is no bus, instead of starting one");
  sub->footer(std::string{footer} + "\n\n" + spawn_note);
  sub->callback([flags, sub, &chosen] {
    for (auto* x : sub->get_options())
      if (x->count() != 0 && x->get_name().starts_with("--") && x->get_expected_max() != 0 && x->results()[0].empty())
        flags->empty = x->get_name();
    chosen = [flags] { return run_consume(*flags); };
  });
}

} // namespace cafbus
