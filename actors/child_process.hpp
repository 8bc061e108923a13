#pragma once
#include "base/result.hpp"
#include "base/spawn.hpp"
#include "base/unique_fd.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace cafbus {

/// A command for /bin/sh.
struct shell_command {
  std::string text;
  command_context context;            ///< Environment, folder and umask.
  std::vector<std::string> variables; ///< More of the environment, as NAME=VALUE; they beat those of `context`.
  bool keeps_output = true;           ///< Else its standard output is /dev/null.
};

/// How a child has ended.
struct exit_status {
  int status = 0; ///< As waitpid() has it.
  bool good() const noexcept { return status == 0; }
  std::string text() const { return describe_end(status); }
};

/// A shell command with its own process group, whose standard error, and output if that is kept, are read through
/// pipes. It ends with the thread that has started it, if not before. The destructor ends the whole group.
class child_process {
public:
  /// Starts it, standard input from /dev/null. @returns a failure if the system refuses.
  static result<child_process> start(const shell_command& x);

  child_process(child_process&& other) noexcept;
  child_process& operator=(child_process&&) = delete;
  ~child_process();

  /// Non-blocking, close-on-exec; owned by this object. -1: its output is not kept, or that end is closed.
  int output() const noexcept { return output_.get(); }
  int errors() const noexcept { return errors_.get(); }

  /// For poll() with POLLIN: readable when the shell has ended.
  int end() const noexcept { return end_.get(); }

  /// Give a descriptor back that has told its last: of the standard error at its end, of a shell that has ended.
  void close_errors() noexcept { errors_.reset(); }
  void close_end() noexcept { end_.reset(); }

  /// Reads what there is of its standard error, `pipe_bytes` at most, and forgets it; closes it at its end.
  void skip_errors() noexcept;

  /// How the shell has ended; nothing while it runs. It is not waited for, so that its number, which is that of its
  /// group, stays its own.
  std::optional<exit_status> ended() const;

  /// Processes of its group beside the shell: what it has started and not waited for.
  size_t others() const;

  /// Sends a signal to the whole group; one that is stopped continues.
  void signal(int number) const noexcept;

  /// Ends what is left of the group with SIGKILL, and waits for the shell, which that has ended as well.
  exit_status finish();

  /// Blocks up to `patience` for the shell to end by itself, then sends SIGTERM, after `kill_after` SIGKILL.
  exit_status stop(std::chrono::milliseconds patience, std::chrono::milliseconds kill_after);

private:
  child_process(child process, unique_fd output, unique_fd errors) noexcept;

  pid_t pid_; // -1: it has been waited for
  unique_fd end_;
  unique_fd output_;
  unique_fd errors_;
};

} // namespace cafbus
