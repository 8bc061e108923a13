#include "cli/consume_flags.hpp"

#include "base/utf8.hpp"
#include "cli/command_line.hpp"
#include "cli/event_command.hpp"
#include "cli/group_flags.hpp"
#include "cli/jq_flags.hpp"
#include "config/duration.hpp"
#include "messages/filter_text.hpp"
#include "messages/replay.hpp"
#include "messages/type_pattern.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iterator>
#include <limits>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// Years, so that no clock overflows however it adds.
constexpr std::chrono::nanoseconds longest = 24h * 3650;

failure wrong(const std::string& flag, const std::string& what) {
  return {failure_kind::invalid, flag + ": " + what};
}

/// @returns `standard` for a flag that was not given.
result<std::chrono::nanoseconds> read_duration(const char* flag, const std::string& text,
                                               std::chrono::nanoseconds standard) {
  if (text.empty())
    return standard;
  auto parsed = parse_duration(text);
  if (!parsed)
    return wrong(flag, parsed.error().text);
  return std::min(*parsed, longest);
}

result<uint64_t> read_count(const char* flag, const std::string& text) {
  auto parsed = parse_count(text);
  if (!parsed)
    return wrong(flag, parsed.error().text);
  return *parsed;
}

/// The protocol carries text as JSON, which is UTF-8: other bytes would arrive as something else.
result<void> check_text(const consume_flags& flags) {
  auto check = [](const char* flag, const std::string& text) -> result<void> {
    if (!is_utf8(text))
      return wrong(flag, "it is not UTF-8, as names of events must be");
    return {};
  };
  for (const auto& [flag, text] : {std::pair{"KEY", &flags.key}, {"--subscription-id", &flags.subscription_id}})
    if (auto checked = check(flag, *text); !checked)
      return checked;
  for (const auto& type : flags.types)
    if (auto checked = check("--types", type); !checked)
      return checked;
  for (const auto& [flag, text] : {std::pair{"--on-first", &flags.on_first}, {"--on-last", &flags.on_last}})
    if (!is_utf8(*text))
      return wrong(flag, "it is not UTF-8, and the protocol carries only UTF-8; put the command into a script");
  return {};
}

result<void> read_command(const consume_flags& flags, consume_request& request) {
  if (flags.exec.empty()) {
    if (!flags.exec_timeout.empty() || !flags.on_exec_error.empty())
      return failure{failure_kind::invalid,
                     std::string{flags.exec_timeout.empty() ? "--on-exec-error" : "--exec-timeout"} +
                         " requires --exec"};
    return {};
  }
  auto words = split_command(flags.exec);
  if (!words)
    return wrong("--exec", words.error().text);
  if (!flags.output_dir.empty())
    return failure{failure_kind::invalid, "--exec and --output-dir both take the events; leave one out"};
  request.command = std::move(*words);
  if (auto checked = check_program(request.command[0]); !checked)
    return wrong("--exec", checked.error().text);
  if (!flags.on_exec_error.empty() && flags.on_exec_error != "stop" && flags.on_exec_error != "skip")
    return wrong("--on-exec-error", "it must be stop or skip");
  request.skip_failures = flags.on_exec_error == "skip";
  return {};
}

/// How the bus is to treat its queue.
result<void> read_policy(const consume_flags& flags, hello& x) {
  x.policy = flags.policy;
  std::ranges::replace(x.policy, '-', '_');
  const auto policy = from_word<queue_policy>(x.policy);
  if (!x.policy.empty() && policy == queue_policy::unknown)
    return wrong("--policy", "it must be drop-oldest, drop-newest, latest, disconnect or block");
  if (!flags.queue_capacity.empty()) {
    auto count = read_count("--queue-capacity", flags.queue_capacity);
    if (!count || *count == 0)
      return count ? wrong("--queue-capacity", "it must be at least 1") : count.error();
    x.queue_capacity = *count;
  }
  if (!flags.queue_bytes.empty()) {
    auto size = parse_size(flags.queue_bytes);
    if (!size || *size == 0)
      return wrong("--queue-bytes", size ? "it must be at least 1" : size.error().text);
    x.queue_bytes = *size;
  }
  if (flags.block_timeout.empty())
    return {};
  if (policy != queue_policy::block)
    return failure{failure_kind::invalid, "--block-timeout requires --policy block"};
  auto time = read_duration("--block-timeout", flags.block_timeout, 0ns);
  if (!time || *time < 1ms || *time > defaults::max_block_time)
    return time ? wrong("--block-timeout", "it must be 1ms to " + to_text(defaults::max_block_time)) : time.error();
  x.block_ms = static_cast<uint64_t>(std::chrono::floor<std::chrono::milliseconds>(*time).count());
  return {};
}

/// Which events of its types it wants: all of the flags must hold.
result<void> read_filter(const consume_flags& flags, hello& x) {
  for (const auto& text : flags.where) {
    auto parsed = parse_filter(text);
    if (!parsed)
      return wrong("--where", parsed.error().text);
    x.filter.insert(x.filter.end(), parsed->begin(), parsed->end());
  }
  if (auto checked = check_filter(x.filter); !checked)
    return wrong("--where", checked.error().text);
  x.on_filter_error = flags.on_filter_error;
  if (!x.on_filter_error.empty() && x.filter.empty())
    return failure{failure_kind::invalid, "--on-filter-error requires --where"};
  if (!check_filter_error_policy(x.on_filter_error, x.filter))
    return wrong("--on-filter-error", "it must be skip, pass or fail");
  return {};
}

/// With which past events it begins.
result<void> read_replay(const consume_flags& flags, consume_request& x) {
  const auto named = (flags.last.empty() ? 0 : 1) + (flags.since.empty() ? 0 : 1) + (flags.latest ? 1 : 0);
  if (named > 1)
    return failure{failure_kind::invalid, "--last, --since and --latest each say which past events to print first; "
                                          "leave all but one out"};
  x.cursor_file = flags.cursor_file;
  x.reconnect = flags.reconnect;
  if (!flags.cursor_file.empty() || flags.reconnect)
    x.subscription.capabilities.emplace_back(capability::cursor);
  if (named == 0)
    return {};
  auto& replay = x.subscription.replay.emplace();
  replay.since = flags.since;
  replay.latest = flags.latest;
  if (!flags.last.empty()) {
    auto count = read_count("--last", flags.last);
    if (!count || *count == 0)
      return count ? wrong("--last", "it must be at least 1") : count.error();
    replay.last = *count;
  }
  if (auto since = parse_since(flags.since, std::chrono::system_clock::now()); !flags.since.empty() && !since)
    return wrong("--since", since.error().text);
  return {};
}

/// How events look.
result<void> read_format(const consume_flags& flags, consume_request& x) {
  x.envelope = flags.envelope;
  if (flags.null && !flags.output_dir.empty())
    return failure{failure_kind::invalid, "--null separates what --output-dir writes to files of their own"};
  x.end = flags.null ? '\0' : '\n';
  if (flags.format.empty())
    return {};
  if (flags.envelope && !flags.has_program()) // with one, it gets the envelope, and %p is what it makes of that
    return failure{failure_kind::invalid, "--format and --envelope both say how an event looks; leave one out"};
  if (!flags.output_dir.empty())
    return failure{failure_kind::invalid, "--format makes text, and the files of --output-dir are JSON; to write text, "
                                          "redirect standard output or use --exec"};
  auto parsed = output_template::parse(flags.format);
  if (!parsed)
    return wrong("--format", parsed.error().text);
  x.format = std::move(*parsed);
  return {};
}

/// What it subscribes to.
result<std::vector<std::string>> types_of(const consume_flags& flags) {
  if (flags.types.empty())
    return std::vector{flags.key};
  std::vector<std::string> result;
  for (const auto& list : flags.types) {
    auto types = split_type_list(list);
    if (!types)
      return wrong("--types", types.error().text);
    std::ranges::move(*types, std::back_inserter(result));
  }
  return result;
}

bool looks_like_pattern(const std::string& name) {
  return name.find_first_of("*>#") != std::string::npos;
}

} // namespace

result<consume_request> to_request(const consume_flags& flags) {
  if (flags.key.empty())
    return failure{failure_kind::invalid, "KEY must not be empty"};
  if (!flags.empty.empty())
    return wrong(flags.empty, "its value must not be empty");
  if (auto checked = check_text(flags); !checked)
    return checked.error();
  consume_request x;
  x.subscription.event_key = flags.key;
  x.subscription.capabilities = {capability::gap, capability::stats};
  auto types = types_of(flags);
  if (!types)
    return types.error();
  for (const auto& name : *types) {
    auto is_pattern = !flags.literal && has_wildcard(name);
    (is_pattern ? x.subscription.patterns : x.subscription.event_types).push_back(name);
  }
  for (const auto& pattern : x.subscription.patterns)
    if (auto checked = check_pattern(pattern); !checked)
      return checked.error();
  x.literal = flags.literal;
  x.subscription.subscription_id = flags.subscription_id;
  x.subscription.on_first = flags.on_first;
  x.subscription.on_last = flags.on_last;
  x.subscription.exclusive = flags.exclusive;
  x.output_dir = flags.output_dir;
  x.quiet = flags.quiet;
  if (!flags.max_events.empty()) {
    auto count = read_count("--max-events", flags.max_events);
    if (!count)
      return count.error();
    if (*count == 0)
      return wrong("--max-events", "it must be at least 1; leave it out for any number");
    x.max_events = *count;
  }
  for (auto [flag, text, target] : {std::tuple{"--timeout", &flags.timeout, &x.timeout},
                                    {"--idle-timeout", &flags.idle_timeout, &x.idle_timeout},
                                    {"--explain", &flags.explain, &x.explain_after},
                                    {"--exec-timeout", &flags.exec_timeout, &x.command_timeout},
                                    {"--jq-timeout", &flags.jq_timeout, &x.program_timeout}}) {
    auto time = read_duration(flag, *text, *target);
    if (!time)
      return time.error();
    *target = *time;
  }
  if (auto read = read_command(flags, x); !read)
    return read.error();
  if (auto read = read_program(flags, x); !read)
    return read.error();
  if (auto read = read_format(flags, x); !read)
    return read.error();
  if (auto read = read_policy(flags, x.subscription); !read)
    return read.error();
  if (auto read = read_filter(flags, x.subscription); !read)
    return read.error();
  if (auto read = read_replay(flags, x); !read)
    return read.error();
  if (auto read = read_group(flags, x.subscription); !read)
    return read.error();
  return x;
}

result<int> to_ready_fd(const consume_flags& flags) {
  if (flags.ready_fd.empty())
    return -1;
  auto number = read_count("--ready-fd", flags.ready_fd);
  if (!number)
    return number.error();
  return static_cast<int>(std::min<uint64_t>(*number, std::numeric_limits<int>::max()));
}

std::vector<std::string> warnings(const consume_request& request) {
  std::vector<std::string> result;
  auto warn = [&result](const std::string& name) {
    if (looks_like_pattern(name))
      result.push_back(
          "warning: '" + name +
          "' is taken literally, as the name of one event type: in a pattern, * and > stand for whole tokens "
          "between dots, as in 'github.*.opened' or 'github.>'; --literal says that this name is meant");
  };
  if (!request.literal)
    std::ranges::for_each(request.subscription.event_types, warn);
  return result;
}

void consume_flags::add_to(CLI::App& command) {
  common.add_to(command, false);
  command.add_option("KEY", key, "The event key to subscribe to; without --types also the event type or pattern")
      ->required();
  auto text = [&command](const char* name, std::string& target, const char* type, const std::string& help) {
    command.add_option(name, target, help)->type_name(type);
  };
  command
      .add_option("--types", types,
                  "Event types to receive, or patterns, with a comma and no blank between two: between dots, * matches "
                  "any one token; at the end, > matches all "
                  "tokens that follow (default: the key)")
      ->type_name("A,B")
      ->allow_extra_args(false);
  command.add_flag("--literal", literal, "Take * and > in KEY and --types literally");
  text("--subscription-id", subscription_id, "ID", "Identity for --on-first and --on-last (default: the key)");
  command.add_flag("--exclusive", exclusive, "Refuse to share the subscription: only one consumer at a time");
  text("--policy", policy, "POLICY",
       "If an event does not fit into its queue: drop-oldest, drop-newest, latest (keep only the newest event of each "
       "type), disconnect, or block (publishers wait for this consumer) (default: drop-oldest)");
  text("--queue-capacity", queue_capacity, "N",
       "Events that its queue may hold, at most the bus's limit (default: that limit)");
  text("--queue-bytes", queue_bytes, "SIZE", "The same in bytes");
  text("--block-timeout", block_timeout, "DURATION",
       "With --policy block: longest time that publishers wait; then the oldest events are dropped (default: " +
           to_text(defaults::block_time) + ')');
  command
      .add_option("--where", where,
                  "Receive only events whose payload meets these conditions, joined by `and`: a JSON pointer, one of "
                  "== != < > in exists, and a JSON value; the bus checks them. May be repeated: all must hold")
      ->type_name("FILTER")
      ->allow_extra_args(false);
  text("--on-filter-error", on_filter_error, "skip|pass|fail",
       "If an event cannot be judged (a member is missing, or the values have no order): skip it, pass it, or fail, "
       "which ends the run (default: skip)");
  text("--last", last, "N", "Begin with the last N past events of the subscription that the bus has kept");
  text("--since", since, "DURATION|TIME",
       "Begin with the past events that came in since then: 10m for ten minutes ago, or a time as in RFC 3339");
  command.add_flag("--latest", latest, "Begin with the newest past event of each type");
  text("--cursor-file", cursor_file, "PATH",
       "Keep in this file which event was handled last, and if the file exists, begin with the events after that one; "
       "the three options above then count for the first run only");
  command.add_flag("--reconnect", reconnect,
                   "When the bus ends or the connection is lost, connect again and continue behind the last event");
  text("--group", group, "NAME",
       "Share the events with all consumers that name the same group: each event goes to one of them");
  command.add_flag("--ack", ack,
                   "With --group: confirm each event when it has been written, or its command has succeeded; what is "
                   "not confirmed goes to another member");
  text("--max-in-flight", max_in_flight, "N",
       "With --ack: events that it gets before it has confirmed them (default: " +
           std::to_string(defaults::max_in_flight) + ')');
  text("--max-attempts", max_attempts, "N",
       "With --ack: after so many attempts an event of type T is published as dead.T (default: " +
           std::to_string(defaults::max_attempts) + ')');
  text("--max-events", max_events, "N", "End after N events (default: no limit)");
  text("--timeout", timeout, "DURATION", "End after this time (default: never)");
  text("--idle-timeout", idle_timeout, "DURATION", "End after this time without an event (default: never)");
  text("--explain", explain, "DURATION",
       "After this time without an event, explain why, as `cafbus explain` does (default: never)");
  text("--on-first", on_first, "COMMAND",
       "The bus runs this with /bin/sh before it admits the first consumer of the subscription");
  text("--on-last", on_last, "COMMAND",
       "The bus runs this with /bin/sh after the last consumer of the subscription has left, however it ended");
  text("--output-dir", output_dir, "DIR", "Write each event to a file of its own in DIR instead of standard output");
  text("--exec", exec, "COMMAND",
       "Run this for each event, one at a time, with the event on its standard input; it is split into words "
       "by blanks and quotes, and run without a shell");
  text("--exec-timeout", exec_timeout, "DURATION",
       "End a command that takes longer, and count a failure (default: " + to_text(defaults::exec_timeout) + ')');
  text("--on-exec-error", on_exec_error, "stop|skip",
       "If a command fails: stop ends the run, skip counts the failure and continues (default: stop)");
  text("--ready-fd", ready_fd, "N", "Write a line to descriptor N once subscribed, then close it");
  text("--ready-file", ready_file, "PATH",
       "Create this file once subscribed, with the process id in it; remove it at the end");
  command.add_flag("--fail-on-loss", fail_on_loss,
                   "Exit with 5 if events were dropped or left unhandled, except those beyond --max-events");
  command.add_flag("--json", json, "Print the last line, with the totals, as JSON");
  command.add_flag("--envelope", envelope,
                   "Print the whole event instead of its payload, and a gap frame where events were dropped");
  text("--jq", jq, "PROGRAM",
       "Print the results of this program of jq, which gets the payload of each event, and nothing of events for "
       "which it has none");
  text("--jq-file", jq_file, "PATH", "The same, with the program in a file");
  command.add_flag("-r,--raw-output", raw_output, "Print results of --jq that are strings as text, without quotes");
  text("--jq-errors", jq_errors, "skip|pass|fail",
       "When the program fails on an event: skip counts it as failed and goes on, pass prints it as it came, fail ends "
       "the run (default: skip)");
  text("--jq-timeout", jq_timeout, "DURATION",
       "The program has failed on an event that takes it longer (default: " + to_text(standard_jq_timeout) + ')');
  text("--format", format, "TEMPLATE",
       "Print each event like this: %t is its type, %i its id, %p its payload, %n its sequence number, %s its source "
       "time, %k the key, %% a percent sign; \\n \\t \\r \\0 \\\\ are as in C");
  command.add_flag("-0,--null", null, "End each event with a NUL instead of a line feed, as xargs -0 reads them");
  command.add_flag("--quiet", quiet, "Do not report the states of sources");
  command.add_flag("--no-spawn", no_spawn, "Fail if no bus is running, instead of starting one");
}

} // namespace cafbus
