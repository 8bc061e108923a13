#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/consume_course.hpp"
#include "cli/consume_flags.hpp"
#include "cli/consume_join.hpp"
#include "cli/consume_session.hpp"
#include "cli/hook_surroundings.hpp"
#include "cli/ready_notice.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <memory>

namespace cafbus {

namespace {

/// Why it was not joined, as an exit code with its message said.
int explain_refusal(const join_outcome& outcome, const app_paths& paths) {
  const auto& why = outcome.bus.error();
  if (outcome.rejected)
    return complain(exit_code::usage, "the bus rejected this consumer: " + why.text);
  switch (why.kind) {
  case failure_kind::not_found:
    return complain(exit_code::failed, not_running_text(paths.dir, paths.socket));
  case failure_kind::timed_out:
    return complain(exit_code::failed, "the bus did not answer in time; `cafbus status` shows its state");
  default:
    return complain(exit_code::failed, why.text);
  }
}

/// How to continue after an unexpected end.
void explain_loss(consume_end why, const std::string& app) {
  if (why == consume_end::bus_shutdown)
    say("the bus has stopped; to start a new one and continue, run the same command again");
  if (why == consume_end::filter_failed)
    say("this consumer misses events from now on; with --on-filter-error skip or pass, such an event does not end the "
        "run");
  if (why == consume_end::connection_lost)
    say("the connection to the bus is lost, and this consumer misses events from now on: `cafbus status --app " + app +
        "` shows the state of the bus; to continue, run the same command again");
}

/// What is behind the totals, where they are not as one would wish.
void explain_totals(const consume_totals& x, const consume_request& request) {
  const auto of_all = " of " + std::to_string(x.received) + " events";
  if (x.jq_errors != 0)
    say("failed: the program of --jq failed on " + std::to_string(x.jq_errors) + of_all +
        (request.program_errors == jq_errors::pass ? ", and these were printed as they came" : ""));
  if (auto failed = x.failed_otherwise(request.program_errors); failed != 0 && !request.command.empty())
    say("failed: the command failed on " + std::to_string(failed) + of_all);
  if (x.dropped != 0)
    say("dropped: the bus dropped " + std::to_string(x.dropped) +
        " events, because this consumer was too slow (see cafbus serve --queue-capacity)");
  if (!x.confirmed)
    say("the bus did not report its totals: dropped= and left= count only what this consumer has seen");
}

/// What was filtered is told only where there is a program, so that the line of other runs is as it always was.
void print_totals(const consume_totals& x, consume_end why, int code, const consume_flags& flags) {
  std::vector<std::pair<const char*, uint64_t>> numbers{{"received", x.received}, {"handled", x.handled}};
  if (flags.has_program())
    numbers.emplace_back("filtered", x.filtered);
  numbers.insert(numbers.end(), {{"failed", x.failed}, {"dropped", x.dropped}, {"left", x.left}});
  if (!flags.json) {
    std::string text = "exited:";
    for (const auto& [name, number] : numbers)
      text.append(" ").append(name).append("=").append(std::to_string(number));
    return say(text + " reason=" + to_string(why));
  }
  nlohmann::ordered_json line;
  for (const auto& [name, number] : numbers)
    line[name] = number;
  if (flags.has_program())
    line["jq_errors"] = x.jq_errors;
  line["confirmed"] = x.confirmed;
  line["reason"] = to_string(why);
  line["exit_code"] = code;
  write_all(STDERR_FILENO, line.dump() + '\n');
}

/// The worst that happened decides.
int code_of(const consume_course& session, consume_end why, const consume_request& request, bool fail_on_loss) {
  const auto& totals = session.totals();
  if (why == consume_end::bus_shutdown || why == consume_end::connection_lost)
    return exit_code::bus_lost;
  if (session.output_failed())
    return exit_code::unwritable;
  if (why == consume_end::filter_failed)
    return exit_code::failed;
  const auto by_program = totals.jq_errors != 0 && request.program_errors != jq_errors::pass;
  const auto otherwise = totals.failed_otherwise(request.program_errors) != 0;
  if ((otherwise && !request.skip_failures) || (by_program && request.program_errors == jq_errors::fail))
    return exit_code::failed;
  if (otherwise || by_program)
    return exit_code::skipped_failures;
  return fail_on_loss && lost_events(totals, why) ? exit_code::lost : exit_code::done;
}

int run_session(consume_course& session, const consume_request& request, const consume_flags& flags,
                const std::string& app) {
  auto why = session.run();
  auto code = code_of(session, why, request, flags.fail_on_loss);
  explain_loss(why, app);
  explain_totals(session.totals(), request);
  print_totals(session.totals(), why, code, flags);
  return code;
}

/// The run's time was over while the bus was still setting up, for this consumer or another one.
int end_before_it_began(const consume_flags& flags) {
  say("--timeout has passed before the bus has admitted this consumer: a set-up or clean-up is still running");
  print_totals({.confirmed = true}, consume_end::timeout, exit_code::done, flags);
  return exit_code::done;
}

/// Completes the hello, with what hooks are to find around them.
result<void> complete(hello& x) {
  x.pid = ::getpid();
  if (x.on_first.empty() && x.on_last.empty())
    return {};
  auto added = add_hook_surroundings(x, environ);
  if (!added)
    return added.error();
  for (const auto& warning : *added)
    say(warning);
  return {};
}

/// Compiles the program, if there is one, in the process that is to run it.
result<std::optional<jq_worker>> start_program(const consume_request& request, const char* flag) {
  if (!request.program)
    return std::optional<jq_worker>{};
  auto started = jq_worker::start(*request.program, request.program_timeout);
  if (!started)
    return failure{started.error().kind, std::string{flag} + ": " + started.error().text};
  return std::optional{std::move(*started)};
}

/// Where the run begins, by the file that keeps it.
result<std::optional<cursor_keeper>> open_cursors(consume_request& request) {
  if (request.cursor_file.empty())
    return std::optional<cursor_keeper>{};
  auto file = cursor_file::open(request.cursor_file);
  if (!file)
    return failure{file.error().kind, "--cursor-file: " + file.error().text};
  if (!file->cursor().empty())
    request.subscription.replay = replay_wish{.cursor = file->cursor()};
  return std::optional<cursor_keeper>{std::move(*file)};
}

/// Everything that can be wrong on our side is found before the bus hears of us: a run that cannot work must not be
/// anybody's first consumer, and must not take an event.
int run_consume(const consume_flags& flags) {
  auto located = flags.common.locate();
  if (!located)
    return complain(exit_code::usage, located.error().text);
  const auto& paths = *located;
  auto request = to_request(flags);
  if (!request)
    return complain(exit_code::usage, request.error().text);
  if (request->to_stdout() && !is_writable(STDOUT_FILENO))
    return complain(exit_code::unwritable, "standard output is closed; events are written there, or see --output-dir");
  auto program = start_program(*request, flags.jq_file.empty() ? "--jq" : "--jq-file");
  if (!program)
    return complain(exit_code::usage, program.error().text);
  auto fd = to_ready_fd(flags);
  if (!fd)
    return complain(exit_code::usage, fd.error().text);
  auto cursors = open_cursors(*request);
  if (!cursors)
    return complain(exit_code::usage, cursors.error().text);
  if (auto completed = complete(request->subscription); !completed)
    return complain(exit_code::usage, completed.error().text);
  auto notice = ready_notice::open(*fd, flags.ready_file);
  if (!notice)
    return complain(exit_code::usage, notice.error().text);
  event_files files;
  if (!request->output_dir.empty())
    if (auto opened = files.open(request->output_dir); !opened)
      return complain(exit_code::unwritable, "--output-dir: " + opened.error().text);
  for (const auto& warning : warnings(*request))
    say(warning);
  const auto policy = flags.no_spawn ? spawn_policy::never : spawn_policy::on_demand;
  auto joined = join_bus(paths, *request, policy);
  if (joined.out_of_time)
    return end_before_it_began(flags);
  if (!joined.bus)
    return explain_refusal(joined, paths);
  if (joined.bus->started)
    tell_of_others(paths);
  request->timeout = joined.time_left;
  consume_course course{paths, policy, *request};
  auto prepared =
      course.prepare(std::move(joined.bus->bus), {std::move(*program), std::move(files), std::move(*cursors)});
  if (!prepared)
    return complain(exit_code::failed, prepared.error().text);
  if (auto told = notice->tell(); !told) {
    complain(exit_code::unwritable, told.error().text);
    course.give_up();
  } else {
    say("ready event_key=" + request->subscription.event_key);
  }
  return run_session(course, *request, flags, paths.dir.substr(paths.dir.rfind('/') + 1));
}

constexpr const char* consume_footer =
    "A run ends at --max-events, --timeout or --idle-timeout, on SIGINT, SIGTERM or\n"
    "SIGHUP (a second signal ends it at once), when the reader of standard output has\n"
    "gone, and, without those three options, when standard input is a pipe or socket\n"
    "that is closed. The last line on standard error accounts for every event:\n"
    "  [cafbus] exited: received=N handled=N failed=N dropped=N left=N reason=R\n"
    "The bus had received + dropped + left events for this run. received = handled +\n"
    "failed, with --jq handled + filtered + failed; dropped: the bus dropped them\n"
    "because this consumer was too slow; left: they were queued when the run ended.\n"
    "R is limit, timeout, idle_timeout, signal, stdin_eof, output_closed,\n"
    "exec_failed, jq_failed, filter_failed, bus_shutdown or connection_lost.\n"
    "\n"
    "Exit codes: 0 success; 1 failure; 2 wrong usage, or rejected by the bus;\n"
    "3 the bus ended; 4 events could not be written; 5 events were lost, and\n"
    "--fail-on-loss is given; 6 the program of --jq failed on events, or commands\n"
    "failed and --on-exec-error is skip.\n"
    "\n"
    "--where: a pointer as in RFC 6901: /issue/labels/0/name; in double quotes if it\n"
    "has blanks. The bus evaluates a filter once per event, however many consumers\n"
    "have it; events that it keeps back are not queued, and count as filtered in\n"
    "`cafbus status`. A member that is missing can be judged by `exists` only.\n"
    "\n"
    "--jq: each result is a line. An event without a result is filtered: it is not\n"
    "printed, and --max-events does not count it. With --exec or --output-dir, all\n"
    "results of an event are the input of one command or the lines of one file. With\n"
    "--envelope, the input of the program is the whole event; with --format, %p is\n"
    "the result. An event that the program passes on unchanged (select) is printed\n"
    "byte for byte. The program runs in a process of its own, with at most 512 MiB of\n"
    "memory and 16 MiB of results per event.\n"
    "\n"
    "--exec: the command finds CAFBUS_EVENT_TYPE, CAFBUS_EVENT_ID, CAFBUS_SEQ and\n"
    "CAFBUS_EVENT_KEY in its environment, in CAFBUS_MISSED the number of events that\n"
    "were dropped right before this one, in CAFBUS_MISSED_REASON why (queue_full: its\n"
    "own queue was full; shed: all queues together were), and in CAFBUS_DROPPED those\n"
    "since the start.\n"
    "It shares standard output and error with this program; reading the terminal is\n"
    "an error. Events are queued meanwhile; if the queue is full, the bus drops the\n"
    "oldest; it disconnects a consumer that is more than 8 MiB behind (cafbus serve\n"
    "--write-timeout).\n"
    "\n"
    "--last, --since, --latest: the bus keeps the latest events of all types in\n"
    "memory, 8 MiB by default (cafbus serve --history-bytes), whether or not they\n"
    "were received. Those that match KEY or --types and pass --where come first, in\n"
    "order, then the events that come in. They count as received.\n"
    "\n"
    "--cursor-file: an event is handled when it has been written, or its command\n"
    "has succeeded (with --on-exec-error skip: has ended). The file is replaced at\n"
    "most once per second, and at the end. So a run that is killed may print some\n"
    "events again in the next run, but never misses one that the bus still has; if\n"
    "it does not have all of them, a line `gap: ...` says so (and\n"
    "CAFBUS_MISSED_REASON: expired, or restart if the bus has been restarted), and\n"
    "--fail-on-loss counts it. Each run needs a file of its own; it appears with\n"
    "the first event.\n"
    "\n"
    "--reconnect: a bus that was lost is started again (not with --no-spawn); one\n"
    "that was stopped is waited for. What the bus took in meanwhile is printed;\n"
    "what a bus that has ended had not delivered is lost, and a line `gap: ...\n"
    "restart` says so. The last line has the totals of all connections.\n"
    "\n"
    "--group: all members ask for the same events. With --ack, an event is confirmed\n"
    "when it has been written, or its command has succeeded; if the command fails, or\n"
    "this program ends first, another member gets it, and CAFBUS_ATTEMPT counts on.\n"
    "Use --on-exec-error skip to go on after a failure. Dead letters: dead.>\n"
    "\n"
    "--on-first, --on-last: the bus runs them with the environment (at most 64 KiB),\n"
    "folder and umask of this program. --timeout includes the time of --on-first.\n"
    "\n"
    "Examples:\n"
    "  cafbus consume im.message --max-events 1 --timeout 1min\n"
    "  cafbus consume 'github.*.opened' --envelope\n"
    "  cafbus consume github.issues --where '/action in [\"opened\", \"reopened\"]'\n"
    "  cafbus consume orders --where '/total > 100 and /coupon exists'\n"
    "  cafbus consume github.issues.opened --jq .issue.title -r\n"
    "  cafbus consume 'github.>' --envelope --jq '[.event_type, .payload.action]'\n"
    "  cafbus consume orders --jq 'select(.total > 100)' --exec ./large-order\n"
    "  cafbus consume im.message --explain 10s\n"
    "  cafbus consume 'orders.>' --format '%t\\t%i\\t%p'\n"
    "  cafbus consume files.changed --format %i -0 | xargs -0 -n 1 ./handle\n"
    "  cafbus consume 'prices.>' --policy latest\n"
    "  cafbus consume orders --last 20\n"
    "  cafbus consume 'orders.>' --since 10m --where '/total > 100'\n"
    "  cafbus consume 'prices.>' --latest\n"
    "  cafbus consume orders --cursor-file orders.cursor --exec ./handle\n"
    "  cafbus consume orders --reconnect --cursor-file orders.cursor\n"
    "  cafbus consume orders --group billing --ack --exec ./bill --on-exec-error skip\n"
    "  cafbus consume 'dead.>' --envelope\n"
    "  cafbus consume orders --policy block --block-timeout 30s --exec ./slow-handler\n"
    "  cafbus consume im.message --exec 'sh -c \"test $CAFBUS_MISSED = 0 || ./resync\"'\n"
    "  cafbus consume orders --types order.paid,order.sent --fail-on-loss \\\n"
    "      --exec 'sh -c \"cat >> $HOME/orders\"' --on-exec-error skip\n"
    "  cafbus consume jobs --ready-file ready --output-dir inbox &";

} // namespace

void add_consume(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("consume", "Print the events of a key, one payload per line");
  auto flags = std::make_shared<consume_flags>();
  flags->add_to(*sub);
  sub->footer(std::string{consume_footer} + "\n\n" + spawn_note);
  sub->callback([flags, sub, &chosen] {
    for (auto* x : sub->get_options())
      if (x->count() != 0 && x->get_name().starts_with("--") && x->get_expected_max() != 0 && x->results()[0].empty())
        flags->empty = x->get_name();
    chosen = [flags] { return run_consume(*flags); };
  });
}

} // namespace cafbus
