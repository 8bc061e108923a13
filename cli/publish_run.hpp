#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "cli/input_lines.hpp"
#include "cli/progress_line.hpp"
#include "cli/sent_lines.hpp"
#include "io/client/publish_lines.hpp"
#include "io/client/publisher.hpp"
#include "io/daemon/starter.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace cafbus {

/// What a run of `cafbus publish` was asked for.
struct publish_request {
  app_paths paths;
  spawn_policy policy = spawn_policy::on_demand;
  std::string input = "the input"; ///< Its name, for people.
  std::string type;                ///< Empty: each line names its own.
  line_content content = line_content::json;
  std::optional<std::chrono::nanoseconds> wait_for_consumer; ///< Of the first event, before it is published.
  std::chrono::nanoseconds wait_for_room{0};                 ///< For each consumer that is behind; 0: for none.
  bool require_consumer = false;                             ///< Fail if the bus does not report unmatched events.
};

/// How it ended.
struct publish_outcome {
  publish_ack totals;             ///< What the bus said; lines that were refused here count as rejected.
  uint64_t last_answered = 0;     ///< The last line that the bus has answered for; 0: none.
  uint64_t first_unanswered = 0;  ///< The first line of which it is unknown whether the bus took it; 0: none.
  std::optional<failure> trouble; ///< Why it ended before its input did. `timed_out`: no consumer came.
};

/// One run: reads input, publishes it, and counts what was wrong with it. Faults of lines are told as they come.
class publish_run {
public:
  publish_run(publish_request request, unique_fd input);

  /// @pre The request's type can be one.
  publish_outcome run();

  /// Why the request's type cannot be one; empty if it can.
  const std::string& type_error() const noexcept { return lines_.type_error(); }

private:
  void find();
  void await(const std::string& event_type);
  void connect();
  void publish_all();
  void read_input();
  bool input_is_ready() const;
  void step();
  void on_line(uint64_t number, std::string_view line);
  void fault(uint64_t number, const std::string& what);
  void count_answers();
  void show_progress();
  void check_counts();
  void fail(failure_kind kind, std::string text);
  size_t pending() const { return bus_ ? bus_->pending() : 0; }

  publish_request request_;
  publish_lines lines_;
  unique_fd input_;
  input_lines reader_;
  std::optional<publisher> bus_;
  sent_lines sent_;
  publish_outcome outcome_;
  uint64_t faults_ = 0;
  progress_line progress_;
  uint64_t lines_read_ = 0;
  uint64_t bytes_read_ = 0;
  std::optional<uint64_t> bytes_; // of the input, if that is known
  bool at_start_ = true;          // nothing has been read
  bool at_end_ = false;
};

} // namespace cafbus
