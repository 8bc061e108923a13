#pragma once
#include "cli/event_command.hpp"
#include "cli/event_files.hpp"
#include "cli/output.hpp"
#include "config/defaults.hpp"
#include "io/client/client.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace cafbus {

/// What a run of `cafbus consume` was asked for.
struct consume_request {
  hello subscription;
  uint64_t max_events = 0;                                          ///< 0: any number.
  std::chrono::nanoseconds timeout{0};                              ///< 0: until something else ends it.
  std::chrono::nanoseconds idle_timeout{0};                         ///< Longest time without an event; 0: any.
  std::string output_dir;                                           ///< Empty: standard output, or the command.
  std::vector<std::string> command;                                 ///< Run on each event; empty: none.
  std::chrono::nanoseconds command_timeout{defaults::exec_timeout}; ///< 0: any.
  bool skip_failures = false;                                       ///< A command that fails does not end the run.
  bool envelope = false;                                            ///< The whole event instead of its payload.
  bool quiet = false;                                               ///< No source states.

  bool bounded() const { return max_events != 0 || timeout.count() != 0 || idle_timeout.count() != 0; }
};

/// Why a run ended: the word in its last line.
enum class consume_end : uint8_t {
  limit,
  timeout,
  idle_timeout,
  signal,
  stdin_eof,
  output_closed,
  exec_failed,
  bus_shutdown,
  connection_lost,
};
const char* to_string(consume_end x);

/// A consumer that has its `hello_ack`: takes events until something ends it, then leaves the bus in good order.
/// Reads from the bus only while nothing waits to be written, so that a slow reader of ours slows the bus's side of
/// this one connection down, where drops are counted, and never fills our memory. While a command works it reads at a
/// slow pace and up to a bound (`read_ahead_bytes`).
class consume_session {
public:
  /// @param files Open if the request has an `output_dir`.
  /// @param request Outlives this.
  consume_session(client bus, event_files files, const consume_request& request);

  /// @returns an error text, empty if it can run. Signals SIGINT, SIGTERM and SIGHUP are taken over.
  std::string prepare();

  /// Runs to its end. `failed()` tells whether that came from an error of our own.
  consume_end run();

  uint64_t received() const noexcept { return received_; }
  uint64_t unwritten() const noexcept { return output_.pending_lines(); } ///< Received, but nobody read them.
  uint64_t unhandled() const noexcept { return unhandled_; } ///< Came after the end and are not counted as received.
  uint64_t failed_commands() const noexcept { return failed_commands_; }
  uint64_t dropped() const noexcept { return gaps_.dropped(); }
  bool failed() const noexcept { return failed_; }

private:
  using clock = std::chrono::steady_clock;

  bool take_buffered(); // whether it stopped before it had all, since there is enough to do
  void on_event(const event_frame& event);
  void run_command(const event_frame& event, std::string_view content);
  void on_command_end();
  void on_command_failure(const std::string& what);
  void on_frame(const frame& x);
  void on_bye(const std::string& reason);
  bool receive();
  void lose(const failure& why);
  void flush();

  bool works() const { return command_ && command_->running(); }
  bool busy() const { return works() || output_.pending() != 0; }
  void wait();
  int wait_ms() const;
  clock::time_point read_ahead_at() const;
  short bus_events() const;
  void on_bus(short events);
  void on_idle(bool something_came);
  void on_signal();

  void end(consume_end why);
  void end_output();
  bool finished() const;
  void leave();

  client bus_;
  event_files files_;
  const consume_request& request_;
  output output_;
  std::optional<event_command> command_;
  std::string command_event_; // what it works on, for people
  gap_finder gaps_;
  unique_fd signals_;
  int watched_stdin_ = -1;
  clock::time_point started_ = clock::now();
  clock::time_point idle_since_ = started_;  // the last event, or when we were done with it
  std::optional<clock::time_point> overdue_; // the `idle_since_` that has been too long ago before
  clock::time_point last_read_ = started_;
  bool bus_gone_ = false;                        // seen while a command works; what came before is still handled
  std::optional<consume_end> end_;               // set once; what waits to be written still goes out
  std::optional<clock::time_point> flush_until_; // set for ends that must not wait for a reader
  uint64_t received_ = 0;
  uint64_t unhandled_ = 0;
  uint64_t failed_commands_ = 0;
  uint64_t signals_taken_ = 0;
  bool failed_ = false;
};

} // namespace cafbus
