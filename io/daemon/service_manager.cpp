#include "io/daemon/service_manager.hpp"

#include "io/daemon/libsystemd.hpp"
#include "io/daemon/listeners.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

namespace cafbus {

namespace {

using std::chrono::microseconds;

/// In the clock that the manager goes by.
std::string monotonic_usec() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  auto passed = std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
  return std::to_string(std::chrono::floor<microseconds>(passed).count());
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

/// A value is one line.
std::string one_line(std::string text) {
  for (auto& c : text)
    if (c == '\n')
      c = ' ';
  return text;
}

/// Fails with what was passed.
result<unique_fd> checked(unique_fd fd, const std::string& path) {
  if (auto wrong = why_no_listener(fd.get(), path); !wrong.empty())
    return failure{failure_kind::refused, "the socket unit has passed a socket that " + wrong +
                                              "; it has to listen at " + path +
                                              ", owned by this user, with SocketMode=0600"};
  return fd;
}

} // namespace

service_manager::service_manager(sender send, std::optional<microseconds> watchdog)
  : send_{std::move(send)}, watchdog_{watchdog} {}

result<service_manager> service_manager::find() {
  if (!is_set("NOTIFY_SOCKET"))
    return service_manager{};
  auto calls = load_systemd();
  if (!calls)
    return failure{calls.error().kind, "a service manager waits for a word (NOTIFY_SOCKET): " + calls.error().text};
  uint64_t usec = 0;
  std::optional<microseconds> watchdog;
  if (calls->watchdog_enabled(0, &usec) > 0)
    watchdog = microseconds{usec};
  // what cannot be sent is lost: the manager has gone, or is not to be helped
  return service_manager{[notify = calls->notify](const std::string& x) { notify(0, x.c_str()); }, watchdog};
}

std::optional<microseconds> service_manager::beat() const {
  return watchdog_ ? std::optional{*watchdog_ / 2} : std::nullopt;
}

void service_manager::ready(const std::string& status) const {
  send("READY=1\nSTATUS=" + one_line(status));
}

void service_manager::reloading() const {
  send("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec() + "\nSTATUS=reading the configuration again");
}

void service_manager::stopping(const std::string& reason) const {
  send("STOPPING=1\nSTATUS=" + one_line(reason));
}

void service_manager::alive(const std::string& status) const {
  send("WATCHDOG=1\nSTATUS=" + one_line(status));
}

void service_manager::send(const std::string& message) const {
  if (send_)
    send_(message);
}

result<unique_fd> inherited_listener(const std::string& path, int backlog) {
  if (!is_set("LISTEN_FDS"))
    return unique_fd{};
  auto calls = load_systemd();
  if (!calls)
    return failure{calls.error().kind, "a socket unit has passed a socket (LISTEN_FDS): " + calls.error().text};
  auto count = calls->listen_fds(1); // children do not learn of it
  if (count < 0)
    return errno_failure("cannot take the socket of a socket unit", -count);
  if (count == 0)
    return unique_fd{}; // they were passed to another process
  if (count > 1)
    return failure{failure_kind::refused,
                   "the socket unit has passed " + std::to_string(count) + " sockets; the bus takes one"};
  constexpr int first = 3; // SD_LISTEN_FDS_START
  auto taken = checked(unique_fd{first}, path);
  // clients look who listens, which is the caller of the last listen(); and the backlog is the one that we want
  if (taken && (::listen(taken->get(), backlog) != 0 || ::fcntl(taken->get(), F_SETFL, O_NONBLOCK) != 0))
    return errno_failure("cannot listen at " + path);
  return taken;
}

} // namespace cafbus
