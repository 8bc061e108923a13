#include "actors/child_process.hpp"

#include "config/descriptors.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

extern "C" {
#include <sys/pidfd.h> // glibc 2.36 leaves the linkage to us
}

extern char** environ;

namespace cafbus {

namespace {

/// Both ends of a pipe, closed unless taken.
struct pipe_ends {
  int fds[2] = {-1, -1};
  bool open() { return ::pipe2(fds, O_CLOEXEC) == 0; }
  int take_read_end() { return std::exchange(fds[0], -1); }
  ~pipe_ends() {
    for (auto fd : fds)
      if (fd >= 0)
        ::close(fd);
  }
};

/// posix_spawn's two objects, set up for a child that inherits nothing of a daemon's signals and descriptors.
class spawn_setup {
public:
  spawn_setup() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~spawn_setup() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  spawn_setup(const spawn_setup&) = delete;
  spawn_setup& operator=(const spawn_setup&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

std::string describe(int status) {
  if (WIFEXITED(status))
    return "exit status " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status))
    return "killed by signal " + std::to_string(WTERMSIG(status));
  return "ended";
}

std::string failure(const char* what, int code) {
  return std::string{what} + ": " + std::strerror(code);
}

} // namespace

std::variant<child_process, std::string> child_process::start(const std::string& command,
                                                              const std::vector<std::string>& environment) {
  pipe_ends output;
  pipe_ends errors;
  if (!output.open() || !errors.open())
    return failure("cannot make a pipe", errno);
  spawn_setup setup;
  ::posix_spawn_file_actions_addopen(&setup.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&setup.actions, output.fds[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&setup.actions, errors.fds[1], STDERR_FILENO);
  auto text = command;
  char shell[] = "sh";
  char option[] = "-c";
  char* arguments[] = {shell, option, text.data(), nullptr};
  std::vector<char*> variables;
  for (const auto& x : environment)
    variables.push_back(const_cast<char*>(x.c_str())); // first, so that they are found first; nothing is written
  for (auto** x = environ; *x; ++x)
    variables.push_back(*x);
  variables.push_back(nullptr);
  pid_t pid = 0;
  if (auto code = ::posix_spawn(&pid, "/bin/sh", &setup.actions, &setup.attributes, arguments, variables.data()))
    return failure("cannot start /bin/sh", code);
  restore_descriptor_limit(pid);
  auto pidfd = ::pidfd_open(pid, 0); // close-on-exec by itself
  child_process result{pid, pidfd, output.take_read_end(), errors.take_read_end()};
  ::fcntl(result.output_, F_SETFL, O_NONBLOCK);
  ::fcntl(result.errors_, F_SETFL, O_NONBLOCK);
  return result;
}

child_process::child_process(pid_t pid, int pidfd, int output, int errors) noexcept
  : pid_{pid}, pidfd_{pidfd}, output_{output}, errors_{errors} {}

child_process::child_process(child_process&& other) noexcept
  : pid_{std::exchange(other.pid_, -1)}, pidfd_{std::exchange(other.pidfd_, -1)},
    output_{std::exchange(other.output_, -1)}, errors_{std::exchange(other.errors_, -1)} {}

child_process::~child_process() {
  if (pid_ > 0)
    stop(std::chrono::milliseconds{0}, std::chrono::milliseconds{0});
  for (auto fd : {pidfd_, output_, errors_})
    if (fd >= 0)
      ::close(fd);
}

bool child_process::wait_for_end(std::chrono::milliseconds limit) const {
  pollfd x{pidfd_, POLLIN, 0};
  return ::poll(&x, 1, static_cast<int>(limit.count())) > 0;
}

bool child_process::wait_unless(int stop_fd) const {
  pollfd fds[] = {{stop_fd, POLLIN, 0}, {pidfd_, POLLIN, 0}};
  while (::poll(fds, 2, -1) < 0 && errno == EINTR) {
  }
  return fds[0].revents == 0 && fds[1].revents != 0;
}

std::string child_process::stop(std::chrono::milliseconds patience, std::chrono::milliseconds kill_after) {
  if (!wait_for_end(patience)) {
    ::kill(-pid_, SIGTERM);
    wait_for_end(kill_after);
  }
  // the shell may be gone and its children not; its number is not reused before waitpid
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return describe(status);
}

} // namespace cafbus
