#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

/// The one place where this program starts others: hooks, `exec:` sources and `consume --exec`.
namespace cafbus {

/// Environment, folder and umask of a command. Each part that is not given is that of this process.
struct command_context {
  std::optional<std::vector<std::string>> environment = {}; ///< NAME=VALUE.
  std::string folder = {};                                  ///< Absolute, or empty.
  std::optional<mode_t> umask = {};
  bool operator==(const command_context&) const = default;
};

/// Context of commands that have none of their own.
struct command_defaults {
  command_context usual = {};
  std::vector<std::string> variables = {}; ///< NAME=VALUE, for every command.
};

/// A program to be started, in a process group of its own. It inherits its three standard descriptors and no others,
/// an empty signal mask, and default actions for signals: but one that this process ignores stays ignored (`nohup`),
/// less those that the program ignores for itself (SIGPIPE, SIGXFSZ, SIGCHLD). The terminal's SIGTTIN and SIGTTOU are
/// ignored: a group in the background that reads the terminal gets an error instead of being stopped for ever.
struct spawn_request {
  const char* program = nullptr; ///< A path, or a name that is looked for in PATH.
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  int input = 0; ///< Become its standard input, output and error.
  int output = 1;
  int errors = 2;
  const char* folder = nullptr; ///< Null: that of this process.
  std::optional<mode_t> umask = {};
  bool ends_with_thread = false; ///< SIGKILL when the thread that starts it ends, however the process does.
};

/// A child that has been started, and will have to be waited for with waitpid().
struct child {
  pid_t pid = 0;
  unique_fd end = {}; ///< A pidfd: readable when the child has ended. Close-on-exec.
};

/// @returns a failure if the system has no process or no descriptor to give, or the program cannot be executed; then
/// no trace of the attempt remains.
result<child> spawn(const spawn_request& x);

/// Arguments or variables as exec needs them. `texts` must outlive the result.
std::vector<char*> as_pointers(std::vector<std::string>& texts);

/// NAME=VALUE of this process, or of `context` if it has any, with `more`, which beat those of the same name.
std::vector<std::string> make_environment(const command_context& context, const std::vector<std::string>& more);

/// "exit status 3", "killed by signal 15", for a status of waitpid().
std::string describe_end(int status);

} // namespace cafbus
