#include "cli/jq_process.hpp"

#include "cli/console.hpp"
#include "cli/jq_wire.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define CAFBUS_HAS_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CAFBUS_HAS_ASAN
#endif
#endif

namespace cafbus {

namespace {

void end_out_of_memory(void*) {
  ::_exit(jq_out_of_memory);
}

/// Standard input and output belong to our parent's user, and a copy of any other descriptor would keep its other end
/// from noticing that our parent is gone.
/// @returns where the socket is now.
int keep_only(int socket) {
  constexpr int kept = STDERR_FILENO + 1;
  auto null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(socket, kept);
  ::close_range(kept + 1, ~0U, 0);
  return kept;
}

/// Signals are for our parent, which kills us when it does not need us any more; if it is killed, so are we. What a
/// mistake of libjq leaves is no matter for a core file.
void set_up(pid_t parent) {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 0);
  if (::getppid() != parent)
    ::_exit(0);
#ifndef CAFBUS_HAS_ASAN // whose shadow memory counts as data
  constexpr rlimit memory{max_jq_memory_bytes, max_jq_memory_bytes};
  ::setrlimit(RLIMIT_DATA, &memory);
#endif
  std::set_new_handler([] { end_out_of_memory(nullptr); });
}

bool read_all(int fd, char* target, size_t size) {
  while (size != 0) {
    auto n = ::read(fd, target, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    target += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

} // namespace

void run_jq_process(jq_options options, int socket, pid_t parent) {
  socket = keep_only(socket);
  set_up(parent);
  options.on_out_of_memory = end_out_of_memory;
  auto program = jq_program::compile(options);
  if (!write_all(socket, encode_outcome({{}, program ? "" : program.error().text})) || !program)
    ::_exit(0);
  std::string event;
  for (uint32_t size = 0; read_all(socket, reinterpret_cast<char*>(&size), sizeof(size));) {
    event.resize(size);
    if (!read_all(socket, event.data(), size) || !write_all(socket, encode_outcome(program->run(event))))
      break;
  }
  ::_exit(0);
}

} // namespace cafbus
