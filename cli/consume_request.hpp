#pragma once
#include "cli/output_template.hpp"
#include "config/defaults.hpp"
#include "messages/frames.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cafbus {

/// What a run of `cafbus consume` was asked for.
struct consume_request {
  hello subscription;
  bool literal = false;                                             ///< Names with * or > are meant as they are.
  uint64_t max_events = 0;                                          ///< 0: any number.
  std::chrono::nanoseconds timeout{0};                              ///< 0: until something else ends it.
  std::chrono::nanoseconds idle_timeout{0};                         ///< Longest time without an event; 0: any.
  std::string output_dir;                                           ///< Empty: standard output, or the command.
  std::vector<std::string> command;                                 ///< Run on each event; empty: none.
  std::chrono::nanoseconds command_timeout{defaults::exec_timeout}; ///< 0: any.
  bool skip_failures = false;                                       ///< A command that fails does not end the run.
  bool envelope = false;                                            ///< The whole event instead of its payload.
  std::optional<output_template> format;                            ///< How an event looks; none: its payload.
  char end = '\n';                                                  ///< What stands after each event.
  std::chrono::nanoseconds explain_after{0}; ///< Time without an event until it is said why; 0: never.
  bool quiet = false;                        ///< No source states.

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
  bus_shutdown,    ///< The bus has stopped.
  connection_lost, ///< The bus was killed, or has given this consumer up.
};
const char* to_string(consume_end x);

/// What became of the events that a bus had for one run. received = handled + failed, and in all it had
/// received + dropped + left for it.
struct consume_totals {
  uint64_t received = 0;  ///< Taken from the bus.
  uint64_t handled = 0;   ///< Written, or their command succeeded.
  uint64_t failed = 0;    ///< Could not be written, or their command failed.
  uint64_t dropped = 0;   ///< Dropped by the bus, since this consumer was too slow.
  uint64_t left = 0;      ///< Not taken, or not written, when the run ended.
  bool confirmed = false; ///< The bus was asked at the end; else `dropped` and `left` are what was seen of it.
  bool operator==(const consume_totals&) const = default;
};

/// Whether events were lost that the run was meant to handle: an end by `max_events` leaves what it was told to leave.
bool lost_events(const consume_totals& totals, consume_end why);

} // namespace cafbus
