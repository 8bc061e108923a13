#include "base/spawn.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string_view>

// As glibc's posix_spawn does it: the child runs in our memory, on a stack of its own, while the thread that starts it
// waits until it has executed the program; so nothing is copied, whatever the daemon's size, and the child can say
// what went wrong by writing it down. Not posix_spawn itself, since that knows neither umask nor folder (in older C
// libraries) nor a parent's death, and gives no pidfd: here the descriptor comes with the process, or neither does, so
// that there is no child that cannot be watched. In between the child makes system calls and nothing else.

namespace cafbus {

namespace {

constexpr size_t stack_bytes = 256 * 1'024; // execvpe() builds paths on it

struct plan {
  const spawn_request& request;
  pid_t parent = 0;
  int error = 0;
  bool folder_failed = false;
};

/// A mapping for the time of one start.
class child_stack {
public:
  child_stack()
    : begin_{::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)} {}
  ~child_stack() {
    if (good())
      ::munmap(begin_, stack_bytes);
  }
  child_stack(const child_stack&) = delete;
  child_stack& operator=(const child_stack&) = delete;

  bool good() const noexcept { return begin_ != MAP_FAILED; }
  void* top() const noexcept { return static_cast<char*>(begin_) + stack_bytes; }

private:
  void* begin_;
};

/// No handler of ours runs in the child, which has our memory.
class all_signals_blocked {
public:
  all_signals_blocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~all_signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  all_signals_blocked(const all_signals_blocked&) = delete;
  all_signals_blocked& operator=(const all_signals_blocked&) = delete;

private:
  sigset_t before_;
};

bool is_ours_to_ignore(int signal) {
  return signal == SIGPIPE || signal == SIGXFSZ || signal == SIGCHLD;
}

bool is_of_the_terminal(int signal) {
  return signal == SIGTTIN || signal == SIGTTOU;
}

void set_signals() {
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) != 0)
      continue; // those that cannot be changed
    auto ignored = action.sa_handler == SIG_IGN && !is_ours_to_ignore(number);
    action = {};
    action.sa_handler = ignored || is_of_the_terminal(number) ? SIG_IGN : SIG_DFL;
    ::sigaction(number, &action, nullptr);
  }
}

/// Moves three descriptors to 0, 1 and 2, whichever numbers they have now, and closes everything else.
bool set_descriptors(const spawn_request& x) {
  int fds[] = {x.input, x.output, x.errors};
  for (int number = 0; number < 3; ++number)
    if (fds[number] < 3 && fds[number] != number && (fds[number] = ::fcntl(fds[number], F_DUPFD, 3)) < 0)
      return false;
  for (int number = 0; number < 3; ++number) {
    if (fds[number] == number)
      ::fcntl(number, F_SETFD, 0);
    else if (::dup2(fds[number], number) < 0)
      return false;
  }
  return ::close_range(3, ~0U, 0) == 0;
}

/// Runs in the child. The sanitizer must not mark its frames: they lie in memory that is ours afterwards.
__attribute__((no_sanitize("address"))) int be_child(void* argument) {
  auto& x = *static_cast<plan*>(argument);
  const auto& request = x.request;
  set_signals();
  ::setpgid(0, 0);
  if (request.ends_with_thread) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != x.parent) // it has ended before we could ask for that
      ::_exit(127);
  }
  if (!set_descriptors(request)) {
    x.error = errno;
    ::_exit(127);
  }
  if (request.umask)
    ::umask(*request.umask);
  if (request.folder != nullptr && ::chdir(request.folder) != 0) {
    x.error = errno;
    x.folder_failed = true;
    ::_exit(127);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execvpe(request.program, request.arguments, request.environment);
  x.error = errno;
  ::_exit(127);
}

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

} // namespace

result<child> spawn(const spawn_request& x) {
  child_stack stack;
  if (!stack.good())
    return errno_failure(std::string{"cannot start "} + x.program);
  plan how{x, ::getpid()};
  int pidfd = -1;
  pid_t pid = 0;
  int error = 0;
  {
    all_signals_blocked blocked;
    pid = ::clone(be_child, stack.top(), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &how, &pidfd);
    error = errno;
  }
  if (pid < 0)
    return errno_failure(std::string{"cannot start "} + x.program, error);
  child result{pid, unique_fd{pidfd}};
  if (how.error == 0)
    return result;
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (how.folder_failed)
    return errno_failure(std::string{"cannot change to "} + x.folder, how.error);
  return errno_failure(std::string{"cannot run "} + x.program, how.error);
}

std::vector<char*> as_pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (auto& x : texts)
    result.push_back(x.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> make_environment(const command_context& context, const std::vector<std::string>& more) {
  std::vector<std::string> result = more;
  auto add = [&](std::string_view variable) {
    auto same = [&](const std::string& x) { return name_of(x) == name_of(variable); };
    if (std::ranges::none_of(more, same))
      result.emplace_back(variable);
  };
  if (context.environment)
    for (const auto& x : *context.environment)
      add(x);
  else
    for (auto** x = environ; *x != nullptr; ++x)
      add(*x);
  return result;
}

std::string describe_end(int status) {
  if (WIFEXITED(status))
    return "exit status " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status))
    return "killed by signal " + std::to_string(WTERMSIG(status));
  return "ended";
}

} // namespace cafbus
