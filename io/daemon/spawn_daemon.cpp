#include "io/daemon/spawn_daemon.hpp"

#include "base/deadline.hpp"
#include "base/unique_fd.hpp"
#include "config/source_path.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
extern "C" { // glibc 2.36 has forgotten that
#include <sys/pidfd.h>
}
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <vector>

// The daemon is this program executed again, not run_daemon() called in a forked copy: it gets memory, descriptors and
// signal dispositions of its own whatever the starter has done before, and its own line in `ps`. /proc/self/exe is the
// very same build, also after an upgrade has replaced the file.
//
//   starter --fork--> middle (new session) --fork--> daemon (no session leader, so no terminal can come to it)
//
// The middle one stays until the daemon has said its word, because only a parent learns how a child died, and then
// leaves the daemon to init; the starter waits for the middle one. So there is no zombie, and a starter that continues
// to run has no daemon for a child.

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// Longest wait for the daemon's word.
constexpr auto word_timeout = 10s;
constexpr int ready_fd = 3;
constexpr int watch_fd = 4;

/// Everything that the child needs, made before the fork: the child only makes system calls.
struct child_plan {
  explicit child_plan(const app_paths& paths)
    : texts{"cafbus",     "serve",
            "--dir",      paths.base,
            "--app",      paths.dir.substr(paths.dir.rfind('/') + 1),
            "--ready-fd", std::to_string(ready_fd)} {
    for (auto& text : texts)
      arguments.push_back(text.data());
    arguments.push_back(nullptr);
    // the daemon runs in /, and relative names of a config file and of sources would be other ones there
    std::error_code error;
    auto folder = std::filesystem::current_path(error);
    if (error)
      return; // it has been removed: there is nothing that a relative name could mean
    if (const char* config = std::getenv("CAFBUS_CONFIG"); config != nullptr && *config != '\0')
      config_file = (folder / config).string();
    if (const char* given = std::getenv("CAFBUS_SOURCE"); given != nullptr)
      sources = with_absolute_paths(given, folder.string());
  }
  std::vector<std::string> texts;
  std::vector<char*> arguments;
  std::string config_file;
  std::string sources;
};

[[noreturn]] void say_and_exit(int to, const char* what, int code) {
  std::string line = std::string{what} + ": " + errno_text(code);
  [[maybe_unused]] auto written = ::write(to, line.data(), line.size());
  ::_exit(127);
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number)
    if (number != SIGKILL && number != SIGSTOP)
      ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become_daemon(child_plan& plan) {
  unique_fd{watch_fd}.reset();
  ::umask(077);
  if (!plan.config_file.empty())
    ::setenv("CAFBUS_CONFIG", plan.config_file.c_str(), 1);
  if (!plan.sources.empty())
    ::setenv("CAFBUS_SOURCE", plan.sources.c_str(), 1);
  if (::chdir("/") != 0)
    say_and_exit(ready_fd, "cannot change to /", errno);
  ::execv("/proc/self/exe", plan.arguments.data());
  say_and_exit(ready_fd, "cannot execute /proc/self/exe", errno);
}

/// Moves the pipe's ends to fixed numbers, points the standard streams at /dev/null and closes everything else.
void keep_only(int read_end, int write_end) {
  // out of each other's way, but low: there may be few descriptors
  int out = ::fcntl(write_end, F_DUPFD, watch_fd + 1);
  int in = ::fcntl(read_end, F_DUPFD, watch_fd + 1);
  int null = ::open("/dev/null", O_RDWR);
  if (out < 0 || in < 0 || null < 0)
    say_and_exit(write_end, "cannot prepare the start of a bus; raise the limit with `ulimit -n`", errno);
  for (int fd = 0; fd < 3; ++fd)
    ::dup2(null, fd);
  ::dup2(out, ready_fd);
  ::dup2(in, watch_fd);
  ::close_range(watch_fd + 1, ~0U, 0);
}

/// The middle process: @returns never; exits with 0, or with how the daemon died as a shell would say it.
[[noreturn]] void be_middle(int read_end, int write_end, child_plan& plan) {
  ::setsid();
  reset_signals();
  keep_only(read_end, write_end);
  auto daemon = ::fork();
  if (daemon < 0)
    say_and_exit(ready_fd, "cannot fork", errno);
  if (daemon == 0)
    become_daemon(plan);
  unique_fd{ready_fd}.reset();
  pollfd item{watch_fd, POLLIN, 0};
  while (::poll(&item, 1, -1) < 0 && errno == EINTR) {
  }
  if ((item.revents & POLLIN) != 0)
    ::_exit(0); // it has said something, which the starter reads
  int status = 0;
  while (::waitpid(daemon, &status, 0) < 0 && errno == EINTR) {
  }
  ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/// Waits for the end of the middle process. @returns its wait status, or nothing if it had to be killed, since the
/// daemon neither said anything nor ended.
std::optional<int> wait_for_middle(pid_t middle) {
  unique_fd handle{::pidfd_open(middle, 0)};
  const auto ended = wait_for(handle.get(), POLLIN, deadline{word_timeout}) > 0;
  if (!ended)
    ::kill(middle, SIGKILL);
  int status = 0;
  while (::waitpid(middle, &status, 0) < 0 && errno == EINTR) {
  }
  return ended ? std::optional{status} : std::nullopt;
}

/// What the daemon has said: one write, which is in the pipe by now. Not read before the middle process has seen that
/// there is something, or it would wait for ever.
std::string read_word(int fd) {
  std::array<char, 4'096> buffer;
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  auto n = ::read(fd, buffer.data(), buffer.size());
  return {buffer.data(), static_cast<size_t>(n > 0 ? n : 0)};
}

failure died(int status, const app_paths& paths) {
  auto code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  auto killed = code > 128;
  auto how =
      killed ? "was killed by signal " + std::to_string(code - 128) : "ended with exit status " + std::to_string(code);
  return {killed ? failure_kind::closed : failure_kind::system,
          "it " + how + " before it was ready and did not say why; see " + paths.log};
}

} // namespace

result<void> spawn_daemon(const app_paths& paths) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return errno_failure("cannot make a pipe");
  unique_fd read_end{ends[0]};
  unique_fd write_end{ends[1]};
  child_plan plan{paths};
  auto middle = ::fork();
  if (middle < 0)
    return errno_failure("cannot fork");
  if (middle == 0)
    be_middle(read_end.get(), write_end.get(), plan);
  write_end.reset();
  auto status = wait_for_middle(middle);
  auto said = read_word(read_end.get());
  if (said == "ready\n")
    return {};
  if (!said.empty())
    return failure{failure_kind::refused, std::move(said)};
  if (status)
    return died(*status, paths);
  return failure{failure_kind::timed_out, "it is neither ready nor ended after 10s; see " + paths.log +
                                              ", or end it with `cafbus stop --force`"};
}

} // namespace cafbus
