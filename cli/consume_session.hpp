#pragma once
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "cli/consume_request.hpp"
#include "cli/event_command.hpp"
#include "cli/event_files.hpp"
#include "cli/output.hpp"
#include "io/client/client.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cafbus {

/// A consumer that has its `hello_ack`: takes events until something ends it, then leaves the bus in good order.
/// Reads from the bus only while nothing waits to be written, so that a slow reader of ours slows the bus's side of
/// this one connection down, where drops are counted, and never fills our memory. While a command works it reads at a
/// slow pace and up to a bound (`read_ahead_bytes`).
class consume_session {
public:
  /// @param files Open if the request has an `output_dir`.
  /// @param request Outlives this.
  /// @param socket Where the bus listens, to be asked for its totals.
  consume_session(client bus, event_files files, const consume_request& request, std::string socket);

  /// Takes over SIGINT, SIGTERM and SIGHUP, unless they are ignored.
  result<void> prepare();

  /// Runs to its end.
  consume_end run();

  /// @pre It has run.
  const consume_totals& totals() const noexcept { return totals_; }

  /// Whether events could not be written, to standard output or to a file.
  bool output_failed() const noexcept { return output_failed_; }

private:
  using clock = std::chrono::steady_clock;

  /// It only goes forward.
  enum class phase : uint8_t {
    taking,    ///< Takes events; nothing has ended the run.
    finishing, ///< Takes none any more. What was taken is still written, and its command ends by itself.
    hurrying,  ///< The same until `hurry_until_`, since somebody waits for our end.
    over,      ///< A signal came that does not want to wait even for that.
  };

  bool take_buffered();
  void on_event(const event_frame& event);
  void deliver(const event_frame& event, std::string_view content, const losses& before);
  void render(std::string& out, const event_frame& event, std::string_view content) const;
  void run_command(const event_frame& event, const losses& before);
  void write_file(const event_frame& event);
  void on_command_end();
  void on_command_failure(const std::string& what);
  void on_frame(const frame& x);
  void on_gap(const gap_frame& x);
  void on_bye(const std::string& reason);
  bool receive();
  void lose(const failure& why);
  void flush();

  bool works() const { return command_ && command_->running(); }
  bool busy() const { return works() || output_.pending() != 0; }
  bool done() const;
  void wait();
  int wait_ms() const;
  clock::time_point read_ahead_at() const;
  short bus_events() const;
  void on_bus(short events);
  void on_signal();
  void check_times();

  void end(consume_end why);
  void hurry();
  void end_output();
  void settle();

  client bus_;
  event_files files_;
  const consume_request& request_;
  std::string socket_;
  output output_;
  std::string rendered_; // what the command or the file of an event gets
  std::optional<event_command> command_;
  std::string command_event_; // what it works on, for people
  gap_finder gaps_;
  gap_frame told_gap_; // the last that the bus has told of
  unique_fd signals_;
  int watched_stdin_ = -1;
  clock::time_point started_ = clock::now();
  clock::time_point explained_;             // the `idle_since_` of the silence that was explained last
  clock::time_point idle_since_ = started_; // the last event, or when we were done with it
  clock::time_point last_read_ = started_;
  std::optional<failure> hung_up_; // how the connection ended; what came before is still handled
  phase phase_ = phase::taking;
  consume_end end_ = consume_end::limit; // once it is not taking
  clock::time_point hurry_until_;        // while it is hurrying
  consume_totals totals_;                // while it runs, only what was received and what failed
  bool output_failed_ = false;
};

} // namespace cafbus
