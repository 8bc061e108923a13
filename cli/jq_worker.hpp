#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "cli/jq_program.hpp"

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cafbus {

/// A program of jq in a process of its own, which takes one event at a time. So a program that never ends, wants all
/// memory, or meets a mistake of libjq costs one event: that process is killed, and the next event gets a new one. It
/// has no descriptor but its end of the socket and standard error, and ends with us.
/// For a program with one thread: the new process begins as a copy of this one.
class jq_worker {
public:
  using clock = std::chrono::steady_clock;

  /// @param limit Longest time for one event; 0: any.
  /// Fails if the program cannot be compiled, or no process started.
  static result<jq_worker> start(jq_options options, std::chrono::nanoseconds limit);
  ~jq_worker();
  jq_worker(jq_worker&&) noexcept = default;
  jq_worker& operator=(jq_worker&&) = delete;

  /// Gives it an event; copied. @pre !busy()
  void submit(std::string_view json);

  bool busy() const noexcept { return busy_; }

  /// For poll(), while it is busy: when `step` has something to do.
  int fd() const noexcept { return socket_.get(); }
  short events() const noexcept;

  /// Goes on, without waiting. @returns the outcome once it is there, or the time is over.
  std::optional<jq_outcome> step();

  /// The same, but waits so long at most.
  std::optional<jq_outcome> wait(std::chrono::nanoseconds patience);

  /// When `step` is to be called at the latest, if ever.
  std::optional<clock::time_point> due() const noexcept { return due_; }

  /// The event gets so long, at most, from now on.
  void hurry(std::chrono::nanoseconds patience);

private:
  jq_worker(jq_options options, std::chrono::nanoseconds limit);
  result<void> spawn();
  result<void> await_compiled();
  bool send();
  bool receive();
  std::optional<jq_outcome> take_reply();
  jq_outcome give_up(std::string why);
  std::string reap();

  jq_options options_;
  std::chrono::nanoseconds limit_;
  struct process {
    process() = default;
    process(process&& x) noexcept : id(std::exchange(x.id, 0)) {}
    pid_t id = 0;
  } process_;
  unique_fd socket_;
  std::string request_; // what is still to be sent
  size_t sent_ = 0;
  std::string reply_;     // what has come of it
  bool compiled_ = false; // the process has said so
  bool busy_ = false;
  bool hurried_ = false;
  std::optional<clock::time_point> due_;
};

} // namespace cafbus
