#pragma once
#include "cli/event_files.hpp"
#include "cli/output.hpp"
#include "io/client.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace cafbus {

/// What a run of `cafbus consume` was asked for.
struct consume_request {
  hello subscription;
  uint64_t max_events = 0;             ///< 0: any number.
  std::chrono::nanoseconds timeout{0}; ///< 0: until something else ends it.
  std::string output_dir;              ///< Empty: standard output.
  bool envelope = false;               ///< The whole event instead of its payload.
  bool quiet = false;                  ///< No source states.

  bool bounded() const { return max_events != 0 || timeout.count() != 0; }
};

/// Why a run ended: the word in its last line.
enum class consume_end : uint8_t {
  limit,
  timeout,
  signal,
  stdin_eof,
  output_closed,
  bus_shutdown,
  connection_lost,
};
const char* to_string(consume_end x);

/// A consumer that has its `hello_ack`: takes events until something ends it, then leaves the bus in good order.
/// Reads from the bus only while nothing waits to be written, so that a slow reader of ours slows the bus's side of
/// this one connection down, where drops are counted, and never fills our memory.
class consume_session {
public:
  consume_session(client bus, const consume_request& request);

  /// @returns an error text, empty if it can run. Signals SIGINT, SIGTERM and SIGHUP are taken over.
  std::string prepare();

  /// Runs to its end. `failed()` tells whether that came from an error of our own.
  consume_end run();

  uint64_t received() const noexcept { return received_; }
  uint64_t unwritten() const noexcept { return output_.pending_lines(); } ///< Received, but nobody read them.
  uint64_t dropped() const noexcept { return gaps_.dropped(); }
  bool failed() const noexcept { return failed_; }

private:
  using clock = std::chrono::steady_clock;

  void end(consume_end why);
  bool take_buffered(); // whether it stopped before it had all, since there is enough to write
  void on_event(const event_frame& event);
  void on_frame(const frame& x);
  void on_bye(const std::string& reason);
  void receive();
  void flush();
  void wait();
  int wait_ms() const;
  void on_signal();
  bool finished() const;
  void leave();

  client bus_;
  const consume_request& request_;
  output output_;
  event_files files_;
  gap_finder gaps_;
  unique_fd signals_;
  int watched_stdin_ = -1;
  clock::time_point started_ = clock::now();
  std::optional<consume_end> end_;               // set once; what waits to be written still goes out
  std::optional<clock::time_point> flush_until_; // set for ends that must not wait for a reader
  uint64_t received_ = 0;
  uint64_t signals_taken_ = 0;
  bool failed_ = false;
};

} // namespace cafbus
