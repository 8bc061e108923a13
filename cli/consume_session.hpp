#pragma once
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "cli/consume_request.hpp"
#include "cli/cursor_keeper.hpp"
#include "cli/event_command.hpp"
#include "cli/event_confirmations.hpp"
#include "cli/event_files.hpp"
#include "cli/jq_worker.hpp"
#include "cli/output.hpp"
#include "cli/stats_teller.hpp"
#include "io/client/client.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cafbus {

/// What becomes of events, from one session to the next.
struct consume_means {
  std::optional<jq_worker> program = {};     ///< Compiled if the request has one.
  event_files files = {};                    ///< Open if the request has an `output_dir`.
  std::optional<cursor_keeper> cursors = {}; ///< Keeps which event was handled last, if that is asked for.
};

/// Whether somebody at the other end can close it.
bool is_pipe_or_socket(int fd);

/// A consumer that has its `hello_ack`: takes events until something ends it, then leaves the bus in good order.
/// Reads from the bus only while nothing waits to be written, so that a slow reader of ours slows the bus's side of
/// this one connection down, where drops are counted, and never fills our memory. While a command works it reads at a
/// slow pace and up to a bound (`read_ahead_bytes`).
class consume_session {
public:
  /// @param request Outlives this.
  /// @param socket Where the bus listens, to be asked for its totals.
  consume_session(client bus, consume_means means, const consume_request& request, std::string socket);

  /// Takes over SIGINT, SIGTERM and SIGHUP, unless they are ignored.
  result<void> prepare();

  /// Runs to its end.
  consume_end run();

  /// Before it runs: it is to take no event, since nobody could be told that it does. What came counts as left.
  void give_up();

  /// @pre It has run.
  const consume_totals& totals() const noexcept { return totals_; }

  /// @pre It has run, and no event is worked on. Nothing of it is of use then but its counts.
  consume_means release() { return {std::move(program_), std::move(files_), std::move(cursors_)}; }

  /// Whether it was told to end, by a signal, although something else had ended it.
  bool was_hurried() const noexcept { return phase_ == phase::hurrying || phase_ == phase::over; }

  /// Of the event that was taken last; empty: none had one.
  const std::string& last_cursor() const noexcept { return last_cursor_; }

  /// Events that passed the program.
  uint64_t delivered() const noexcept { return delivered_; }

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

  /// An event, and what is known beside it.
  struct taken_event {
    event_frame frame;
    std::string_view source_time; ///< Only if the format names it.
    losses before;
  };

  /// The same, with the memory that it stands in: the program's answer may come when the bus's line is gone.
  struct held_event {
    std::string type;
    std::string id;
    std::string source_time;
    std::string content; ///< What the program gets.
    uint64_t seq = 0;
    uint64_t attempt = 1;
    losses before;
    taken_event view() const { return {{type, id, seq, content, {}, attempt}, source_time, before}; }
  };

  bool take_buffered();
  void on_event(const event_frame& event);
  void run_program(const taken_event& event, std::string_view content);
  void on_program_end(const jq_outcome& outcome);
  void on_program_failure(const std::string& what);
  void deliver(const taken_event& event, std::span<const std::string_view> contents);
  void render(std::string& out, const taken_event& event, std::span<const std::string_view> contents) const;
  void run_command(const taken_event& event);
  void write_file(const event_frame& event);
  void on_command_end();
  void on_command_failure(const std::string& what);
  void on_frame(const frame& x);
  void on_gap(const gap_frame& x);
  void not_handled();
  void give_back();
  void tell_bus();
  void send_unsent();
  void on_bye(const std::string& reason);
  bool receive();
  void lose(const failure& why);
  void flush();

  bool command_runs() const { return command_ && command_->running(); }
  bool program_runs() const { return program_ && program_->busy(); }
  bool works() const { return command_runs() || program_runs(); }
  bool reads_ahead() const { return works() || (behind_ && output_.pending() == 0); }
  void hurry_work();
  uint64_t written() const { return delivered_ - (request_.to_stdout() ? output_.pending_events() : 0); }
  bool busy() const { return works() || output_.pending() != 0; }
  bool done() const;
  void wait();
  void go_on_working(bool command_has_ended);
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
  std::optional<cursor_keeper> cursors_;
  const consume_request& request_;
  std::string socket_;
  output output_;
  std::string rendered_; // what the command or the file of an event gets
  std::optional<jq_worker> program_;
  held_event held_; // what it works on
  std::optional<event_command> command_;
  std::string command_event_;                        // what it works on, for people
  std::optional<event_confirmations> confirmations_; // if the bus waits for them
  std::optional<stats_teller> stats_;                // if the bus takes what it says
  std::string unsent_;                               // of both
  gap_finder gaps_;
  gap_frame told_gap_; // the last that the bus has told of
  unique_fd signals_;
  int watched_stdin_ = -1;
  clock::time_point started_ = clock::now();
  clock::time_point explained_;             // the `idle_since_` of the silence that was explained last
  clock::time_point idle_since_ = started_; // the last event, or when we were done with it
  clock::time_point last_read_ = started_;
  std::optional<failure> hung_up_; // how the connection ended; what came before is still handled
  bool behind_ = false;            // more has been read than there was time for
  uint64_t delivered_ = 0;
  std::string last_cursor_;
  phase phase_ = phase::taking;
  consume_end end_ = consume_end::limit; // once it is not taking
  clock::time_point hurry_until_;        // while it is hurrying
  consume_totals totals_;                // while it runs, only what was received and what failed
  bool output_failed_ = false;
};

} // namespace cafbus
