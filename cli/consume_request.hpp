#pragma once
#include "cli/jq_program.hpp"
#include "cli/output_template.hpp"
#include "config/defaults.hpp"
#include "messages/frames.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cafbus {

/// What becomes of an event on which the program of `--jq` fails.
enum class jq_errors : uint8_t {
  skip, ///< It is not printed, and the run goes on, as jq does.
  pass, ///< It is printed as it came.
  fail, ///< It ends the run.
};

/// Longest time that a program may take for one event: shorter than a bus waits for a consumer that reads nothing.
constexpr std::chrono::seconds standard_jq_timeout{5};

/// What a run of `cafbus consume` was asked for.
struct consume_request {
  hello subscription;
  bool literal = false;                                             ///< Names with * or > are meant as they are.
  uint64_t max_events = 0;                                          ///< That pass the program; 0: any number.
  std::chrono::nanoseconds timeout{0};                              ///< 0: until something else ends it.
  std::chrono::nanoseconds idle_timeout{0};                         ///< Longest time without an event; 0: any.
  std::string output_dir;                                           ///< Empty: standard output, or the command.
  std::vector<std::string> command;                                 ///< Run on each event; empty: none.
  std::chrono::nanoseconds command_timeout{defaults::exec_timeout}; ///< 0: any.
  bool skip_failures = false;                                       ///< A command that fails does not end the run.
  bool envelope = false;                                            ///< The whole event instead of its payload.
  std::optional<jq_options> program;                                ///< What an event goes through.
  std::chrono::nanoseconds program_timeout{standard_jq_timeout};    ///< For each event; 0: any.
  jq_errors program_errors = jq_errors::skip;
  std::optional<output_template> format;     ///< How an event looks; none: its payload.
  char end = '\n';                           ///< What stands after each event.
  std::chrono::nanoseconds explain_after{0}; ///< Time without an event until it is said why; 0: never.
  bool quiet = false;                        ///< No source states.
  bool reconnect = false;                    ///< It goes on when its bus has ended, or has given it up.
  std::string cursor_file;                   ///< Where it is kept which event was handled last; empty: nowhere.

  bool bounded() const { return max_events != 0 || timeout.count() != 0 || idle_timeout.count() != 0; }
  bool to_stdout() const { return output_dir.empty() && command.empty(); }
};

/// Why a run ended: the word in its last line.
enum class consume_end : uint8_t {
  limit,           ///< `max_events` have come.
  timeout,         ///< `timeout` has passed.
  idle_timeout,    ///< No event came for `idle_timeout`.
  signal,          ///< SIGINT, SIGTERM or SIGHUP.
  stdin_eof,       ///< Standard input is a pipe or socket and its other end has been closed.
  output_closed,   ///< The reader of standard output has gone, or events cannot be written.
  exec_failed,     ///< A command failed and failures are not skipped.
  jq_failed,       ///< The program of `--jq` failed, and `--jq-errors` is fail.
  filter_failed,   ///< The filter could not judge an event, and `--on-filter-error` is fail.
  bus_shutdown,    ///< The bus has stopped.
  connection_lost, ///< The bus was killed, or has given this consumer up.
};
const char* to_string(consume_end x);

/// What became of the events that a bus had for one run. received = handled + filtered + failed, and in all it had
/// received + dropped + left for it.
struct consume_totals {
  uint64_t received = 0;  ///< Taken from the bus.
  uint64_t handled = 0;   ///< Written, or their command succeeded.
  uint64_t filtered = 0;  ///< The program made nothing of them.
  uint64_t failed = 0;    ///< Could not be written, or their command or program failed.
  uint64_t jq_errors = 0; ///< The program failed on them: failed, or handled if such events are passed on.
  uint64_t dropped = 0;   ///< Dropped by the bus, since this consumer was too slow.
  uint64_t left = 0;      ///< Not taken, or not written, when the run ended.
  bool expired = false;   ///< The bus did not have all events after the cursor that the run began with.
  bool confirmed = false; ///< The bus was asked at the end; else `dropped` and `left` are what was seen of it.

  /// Those of `failed` that the program is not to blame for.
  uint64_t failed_otherwise(enum jq_errors policy) const noexcept {
    return policy == jq_errors::pass ? failed : failed - jq_errors;
  }
  bool operator==(const consume_totals&) const = default;
};

/// Whether events were lost that the run was meant to handle: an end by `max_events` leaves what it was told to leave.
bool lost_events(const consume_totals& totals, consume_end why);

} // namespace cafbus
