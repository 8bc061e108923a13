#pragma once
#include <chrono>
#include <string>
#include <sys/types.h>
#include <variant>
#include <vector>

namespace cafbus {

/// A shell command with its own process group, whose standard output and standard error are read through pipes.
/// Blocks in `stop`; for detached actors only. The destructor ends the whole group.
class child_process {
public:
  /// Starts `command` with /bin/sh, standard input from /dev/null, default signals, nothing else inherited.
  /// @returns an error text if the system refuses.
  /// @param environment More variables, as NAME=VALUE; they beat those of this process.
  static std::variant<child_process, std::string> start(const std::string& command,
                                                        const std::vector<std::string>& environment = {});

  /// How a command that did what it should has ended, as `stop` says it.
  static constexpr const char* success = "exit status 0";

  child_process(child_process&& other) noexcept;
  child_process& operator=(child_process&&) = delete;
  ~child_process();

  /// Non-blocking, close-on-exec; owned by this object.
  int output() const noexcept { return output_; }
  int errors() const noexcept { return errors_; }

  /// Waits until the shell has ended by itself, or `stop_fd` is readable. @returns whether it has ended.
  bool wait_unless(int stop_fd) const;

  /// Waits up to `patience` for the shell to end by itself, then sends SIGTERM to the group, after `kill_after`
  /// SIGKILL.
  /// @returns how it ended, in words: "exit status 3", "killed by signal 15".
  std::string stop(std::chrono::milliseconds patience, std::chrono::milliseconds kill_after);

private:
  child_process(pid_t pid, int pidfd, int output, int errors) noexcept;
  bool wait_for_end(std::chrono::milliseconds limit) const;

  pid_t pid_;
  int pidfd_;
  int output_;
  int errors_;
};

} // namespace cafbus
