#include "base/utf8.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/line_fault.hpp"
#include "cli/option_flags.hpp"
#include "cli/publish_run.hpp"
#include "config/defaults.hpp"
#include "config/duration.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

namespace cafbus {

namespace {

constexpr const char* usual_wait_for_room = "1s";

struct publish_flags {
  option_flags common;
  std::string type;
  std::string input = "-";
  std::string wait_for_consumer;
  std::string wait_for_room = usual_wait_for_room;
  bool has_type = false;
  bool raw = false;
  bool require_consumer = false;
  bool no_spawn = false;
  bool json = false;
};

result<publish_request> to_request(const publish_flags& flags) {
  publish_request x;
  auto located = flags.common.locate();
  if (!located)
    return located.error();
  x.paths = std::move(*located);
  if (flags.has_type && flags.type.empty())
    return failure{failure_kind::invalid, "--type: its value must not be empty"};
  if (!is_utf8(flags.type))
    return failure{failure_kind::invalid, "--type: it is not UTF-8, as names of events must be"};
  if (flags.raw && !flags.has_type)
    return failure{failure_kind::invalid, "--raw needs --type, because a line of text does not name an event type"};
  x.type = flags.type;
  x.content = flags.raw ? line_content::text : line_content::json;
  x.require_consumer = flags.require_consumer;
  x.policy = flags.no_spawn ? spawn_policy::never : spawn_policy::on_demand;
  if (!flags.wait_for_consumer.empty()) {
    auto parsed = parse_duration(flags.wait_for_consumer);
    if (!parsed)
      return failure{failure_kind::invalid, "--wait-for-consumer: " + parsed.error().text};
    x.wait_for_consumer = *parsed;
  }
  auto wait = parse_duration(flags.wait_for_room);
  if (!wait)
    return failure{failure_kind::invalid, "--wait-for-room: " + wait.error().text};
  if ((wait->count() != 0 && *wait < std::chrono::milliseconds{1}) || *wait > defaults::max_block_time)
    return failure{failure_kind::invalid,
                   "--wait-for-room: it must be 0, or 1ms to " + to_text(defaults::max_block_time)};
  x.wait_for_room = *wait;
  return x;
}

result<unique_fd> open_input(const std::string& path) {
  if (path == "-") {
    if (!is_readable(STDIN_FILENO))
      return failure{failure_kind::invalid, "standard input is closed; name a FILE, or - and a pipe"};
    return unique_fd{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)};
  }
  unique_fd result{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  if (!result)
    return errno_failure("cannot read " + path);
  return result;
}

/// Before a bus is started for it.
result<void> check_input(int fd, const std::string& name) {
  struct stat info {};
  if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
    return failure{failure_kind::invalid, "cannot read " + name + ": it is a folder; name a file"};
  return {};
}

/// Where to go on after a failure.
void explain_unanswered(const publish_outcome& x) {
  if (x.last_answered != 0)
    say("the bus has acknowledged all lines up to " + std::to_string(x.last_answered));
  if (x.first_unanswered != 0)
    say("it is unknown whether it has accepted the lines from line " + std::to_string(x.first_unanswered) +
        " on; publish again from there: lines with an event_id that were accepted then count as "
        "duplicates");
}

int print_json(const publish_outcome& x, int code) {
  nlohmann::ordered_json line{
      {"accepted", x.totals.accepted}, {"duplicates", x.totals.duplicates}, {"rejected", x.totals.rejected}};
  if (x.totals.unmatched)
    line["unmatched"] = *x.totals.unmatched;
  if (x.totals.consumers)
    line["consumers"] = *x.totals.consumers;
  if (x.first_unanswered != 0)
    line["first_unanswered_line"] = x.first_unanswered;
  if (x.trouble)
    line["error"] = {{"code", to_string(x.trouble->kind)}, {"message", x.trouble->text}};
  return print(line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + '\n', code);
}

/// The worst that happened decides.
int code_of(const publish_outcome& x, bool require_consumer) {
  if (x.trouble)
    return x.trouble->kind == failure_kind::timed_out ? exit_code::lost : exit_code::failed;
  if (x.totals.rejected != 0)
    return exit_code::failed;
  return require_consumer && x.totals.unmatched.value_or(0) != 0 ? exit_code::lost : exit_code::done;
}

std::string totals_text(const publish_ack& x) {
  auto result = "accepted=" + std::to_string(x.accepted) + " duplicates=" + std::to_string(x.duplicates) +
                " rejected=" + std::to_string(x.rejected);
  if (x.unmatched)
    result += " unmatched=" + std::to_string(*x.unmatched);
  if (x.consumers)
    result += " consumers=" + std::to_string(*x.consumers);
  return result;
}

int run_publish(const publish_flags& flags) {
  auto request = to_request(flags);
  if (!request)
    return complain(exit_code::usage, request.error().text);
  auto input = open_input(flags.input);
  if (!input)
    return complain(exit_code::usage, input.error().text);
  request->input = flags.input == "-" ? "standard input" : flags.input;
  if (auto good = check_input(input->get(), request->input); !good)
    return complain(exit_code::usage, good.error().text);
  publish_run run{std::move(*request), std::move(*input)};
  if (!run.type_error().empty())
    return complain(exit_code::usage, "--type: " + line_fault(run.type_error(), {}));
  auto outcome = run.run();
  auto code = code_of(outcome, flags.require_consumer);
  const auto& totals = outcome.totals;
  say("published: " + totals_text(totals));
  if (outcome.trouble) {
    explain_unanswered(outcome);
    complain(code, outcome.trouble->text);
  } else if (flags.require_consumer && totals.unmatched.value_or(0) != 0) {
    complain(code, std::to_string(*totals.unmatched) + " of " + std::to_string(totals.accepted) +
                       " accepted events reached no consumer; `cafbus status` lists their types");
  }
  return flags.json ? print_json(outcome, code) : code;
}

constexpr const char* publish_footer =
    "Ends when the bus has acknowledged every line, and prints on standard error:\n"
    "  [cafbus] published: accepted=N duplicates=N rejected=N unmatched=N consumers=N\n"
    "unmatched: accepted, but without a consumer; consumers: how many were subscribed\n"
    "to the last events. Both are left out if the bus does not report them.\n"
    "A line that is not an event, or longer than 1 MiB, is reported with its number,\n"
    "counted as rejected and skipped. Blank lines are skipped. With --raw\n"
    "every line is an event, even an empty one; a line that is not UTF-8 is rejected.\n"
    "Consumers that are behind slow publish down, so that they lose nothing, by at\n"
    "most --wait-for-room for one that does not move; other publishers go on.\n"
    "\n"
    "Exit codes: 0 every line was accepted, or is a duplicate; 1 lines were rejected,\n"
    "or the bus failed (the output says from which line to publish again); 2 wrong\n"
    "usage; 4 --json could not be written; 5 no consumer connected in time\n"
    "(--wait-for-consumer), or events reached none (--require-consumer).\n"
    "\n"
    "Examples:\n"
    "  echo '{\"text\":\"hello\"}' | cafbus publish --type im.message\n"
    "  tail -f app.log | cafbus publish --raw --type app.log\n"
    "  cafbus publish events.ndjson --wait-for-consumer 10s --json\n"
    "  cafbus publish --type job.done --require-consumer < jobs || echo unheard";

} // namespace

void add_publish(CLI::App& program, command& chosen) {
  auto* sub = program.add_subcommand("publish", "Publish events, one JSON value per line");
  auto flags = std::make_shared<publish_flags>();
  flags->common.add_to(*sub, false);
  auto* type = sub->add_option("--type", flags->type,
                               "Each line is the payload of an event of this type; without it, each line is "
                               R"({"event_type":..., "event_id"?:..., "source_time"?:..., "payload":...})")
                   ->type_name("TYPE");
  sub->add_flag("--raw", flags->raw, "Each line is text, and the payload is this text as a JSON string; needs --type");
  sub->add_option("FILE", flags->input, "File to read the lines from; - is standard input (default: -)");
  sub->add_option("--wait-for-consumer", flags->wait_for_consumer,
                  "Before publishing, wait at most this long for a consumer of the first event's type")
      ->type_name("DURATION");
  sub->add_option("--wait-for-room", flags->wait_for_room,
                  "Do not outrun consumers: wait for one whose queue is half full, until it has had no room for this "
                  "long; 0: for none (default: 1s)")
      ->type_name("DURATION");
  sub->add_flag("--require-consumer", flags->require_consumer,
                "Exit with 5 if no consumer was subscribed to an accepted event");
  sub->add_flag("--json", flags->json, "Print the totals as JSON on standard output");
  sub->add_flag("--no-spawn", flags->no_spawn, "Fail if no bus is running, instead of starting one");
  sub->footer(std::string{publish_footer} + "\n\n" + spawn_note);
  sub->callback([flags, type, &chosen] {
    flags->has_type = type->count() != 0;
    chosen = [flags] { return run_publish(*flags); };
  });
}

} // namespace cafbus
