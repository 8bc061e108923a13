#include "actors/child_process.hpp"

#include "base/deadline.hpp"
#include "base/pipe_ends.hpp"
#include "base/process_group.hpp"
#include "config/descriptors.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace cafbus {

result<child_process> child_process::start(const shell_command& x) {
  unique_fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (!null)
    return errno_failure("cannot open /dev/null");
  auto errors = make_pipe();
  if (!errors)
    return errors.error();
  pipe_ends output;
  if (x.keeps_output) {
    auto made = make_pipe();
    if (!made)
      return made.error();
    output = std::move(*made);
  }
  std::vector<std::string> words{"sh", "-c", x.text};
  auto variables = make_environment(x.context, x.variables);
  auto arguments = as_pointers(words);
  auto environment = as_pointers(variables);
  spawn_request request;
  request.program = "/bin/sh";
  request.arguments = arguments.data();
  request.environment = environment.data();
  request.input = null.get();
  request.output = x.keeps_output ? output.write.get() : null.get();
  request.errors = errors->write.get();
  request.folder = x.context.folder.empty() ? nullptr : x.context.folder.c_str();
  request.umask = x.context.umask;
  request.ends_with_thread = true;
  auto started = spawn(request);
  if (!started)
    return started.error();
  restore_descriptor_limit(started->pid);
  set_nonblocking(errors->read.get());
  if (x.keeps_output)
    set_nonblocking(output.read.get());
  return child_process{std::move(*started), std::move(output.read), std::move(errors->read)};
}

child_process::child_process(child process, unique_fd output, unique_fd errors) noexcept
  : pid_{process.pid}, end_{std::move(process.end)}, output_{std::move(output)}, errors_{std::move(errors)} {}

child_process::child_process(child_process&& other) noexcept
  : pid_{std::exchange(other.pid_, -1)}, end_{std::move(other.end_)}, output_{std::move(other.output_)},
    errors_{std::move(other.errors_)} {}

child_process::~child_process() {
  if (pid_ > 0)
    finish();
}

void child_process::skip_errors() noexcept {
  std::array<char, pipe_bytes> buffer;
  auto n = ::read(errors_.get(), buffer.data(), buffer.size());
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
    close_errors();
}

std::optional<exit_status> child_process::ended() const {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
    return std::nullopt;
  return exit_status{info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0) : W_EXITCODE(0, info.si_status)};
}

size_t child_process::others() const {
  return others_in_group(pid_);
}

void child_process::signal(int number) const noexcept {
  ::kill(-pid_, number);
  ::kill(-pid_, SIGCONT);
}

exit_status child_process::finish() {
  // the shell may be gone and its children not; its number is not reused before waitpid
  ::kill(-pid_, SIGKILL);
  exit_status result;
  while (::waitpid(pid_, &result.status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return result;
}

exit_status child_process::stop(std::chrono::milliseconds patience, std::chrono::milliseconds kill_after) {
  if (wait_for(end(), POLLIN, deadline{patience}) <= 0) {
    signal(SIGTERM);
    wait_for(end(), POLLIN, deadline{kill_after});
  }
  return finish();
}

} // namespace cafbus
