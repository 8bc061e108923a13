#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "messages/event_frame.hpp"

#include <sys/types.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus {

/// Events that the bus has dropped for this consumer.
struct losses {
  uint64_t missed = 0;     ///< Right before this event.
  uint64_t dropped = 0;    ///< Since the run began.
  const char* reason = ""; ///< Of those missed right before this event, if the bus told.
};

/// A program that is run on events, one at a time: the event on its standard input and in CAFBUS_EVENT_TYPE,
/// CAFBUS_EVENT_ID, CAFBUS_SEQ and CAFBUS_EVENT_KEY, what was lost before it in CAFBUS_MISSED, CAFBUS_MISSED_REASON and
/// CAFBUS_DROPPED, in CAFBUS_ATTEMPT how often members of its group have been given it; its standard output and error
/// are ours. It leads a process group of its own, so that a Ctrl-C meant for us leaves the event that is being worked
/// on alone, and that its children end with it when its time is over. That group is in the background: who reads the
/// terminal from it gets an error, see `spawn`. Nothing here waits: the owner polls `input_fd`, `end_fd` and `due`.
class event_command {
public:
  using clock = std::chrono::steady_clock;

  /// @param limit Longest run of one command; then it gets SIGTERM, and SIGKILL a second later. 0: as long as it takes.
  event_command(std::vector<std::string> words, std::string event_key, std::chrono::nanoseconds limit);
  ~event_command();
  event_command(const event_command&) = delete;
  event_command& operator=(const event_command&) = delete;

  /// Starts it. @pre !running()
  /// @param content What it reads, all of it; copied.
  /// Fails if the system refuses.
  result<void> start(const event_frame& event, std::string_view content, losses before);

  bool running() const noexcept { return pid_ > 0; }

  /// For poll(): writable when `feed` has something to do. -1: it has, or wants, all.
  int input_fd() const noexcept { return input_.get(); }
  void feed();

  /// For poll(): readable when it has ended and `finish` is to be called. -1 if none runs.
  int end_fd() const noexcept { return end_.get(); }

  /// Fails if the command did, or was ended. @pre It has ended.
  result<void> finish();

  /// When `on_time` is to be called, if ever.
  std::optional<clock::time_point> due() const noexcept { return due_; }
  void on_time(clock::time_point now);

  /// It is not needed any more and gets so long, at most, to end by itself.
  void hurry(std::chrono::nanoseconds patience);

private:
  void set_environment(const event_frame& event, losses before);
  result<void> run(int input);

  std::vector<std::string> words_;
  std::string event_key_;
  std::chrono::nanoseconds limit_;
  std::array<std::string, 8> variables_; // of the event
  std::vector<char*> arguments_;
  std::vector<char*> environment_; // first `variables_`, then what we inherited

  pid_t pid_ = 0;
  unique_fd end_; // a pidfd
  unique_fd input_;
  std::string content_;
  size_t fed_ = 0;
  enum class stage : uint8_t { free, asked_to_end, killed } stage_ = stage::free;
  bool hurried_ = false;
  std::optional<clock::time_point> due_; // of the next stage
};

/// Whether `program` can be run as the first word of a command.
result<void> check_program(const std::string& program);

} // namespace cafbus
