#include "io/daemon/init_process.hpp"

#include <cerrno>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace cafbus {

namespace {

/// Waits for everything that has ended. @returns the exit code of `child` if that is among it.
std::optional<int> reap(pid_t child) {
  int status = 0;
  std::optional<int> result;
  for (pid_t x = 0; (x = ::waitpid(-1, &status, WNOHANG)) > 0;)
    if (x == child)
      result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

} // namespace

std::optional<int> reap_as_process_one() {
  if (::getpid() != 1)
    return std::nullopt;
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before); // before there is a child: none of them is lost
  auto child = ::fork();
  if (child <= 0) { // if there is no process to be had, the program does without
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return std::nullopt;
  }
  for (;;) {
    if (auto code = reap(child))
      return code;
    siginfo_t info{};
    auto signal = ::sigwaitinfo(&all, &info);
    if (signal > 0 && signal != SIGCHLD)
      ::kill(child, signal);
  }
}

} // namespace cafbus
