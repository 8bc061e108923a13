#include "io/instance_lock.hpp"

#include "messages/event_encoder.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <unistd.h>

namespace cafbus {

namespace {

std::string failure(const std::string& what, const std::string& path) {
  return what + " " + path + ": " + std::strerror(errno);
}

/// Writes the file beside and renames it: a reader sees the old one or the new one.
std::string write_pid_file(const std::string& path) {
  auto text = std::to_string(::getpid()) + "\n" + to_rfc3339(std::chrono::system_clock::now()) + "\n";
  auto fresh = path + ".new";
  unique_fd file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return failure("cannot write", fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0)
    return failure("cannot rename to", path);
  return {};
}

} // namespace

std::variant<instance_lock, std::string> instance_lock::take(const app_paths& paths) {
  unique_fd lock{::open(paths.alive_lock.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!lock)
    return failure("cannot open", paths.alive_lock);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return failure("cannot lock", paths.alive_lock);
    auto holder = read_pid_file(paths.pid_file);
    return "another bus is already running for this app"
           + (holder ? " (pid " + std::to_string(holder->pid) + ", since " + holder->started + ")" : std::string{})
           + "; see `cafbus status`, or end it with `cafbus stop`";
  }
  if (auto error = write_pid_file(paths.pid_file); !error.empty())
    return error;
  return instance_lock{std::move(lock), paths.pid_file};
}

instance_lock::instance_lock(unique_fd lock, std::string pid_file)
  : lock_{std::move(lock)}, pid_file_{std::move(pid_file)} {}

instance_lock::~instance_lock() {
  if (lock_)
    ::unlink(pid_file_.c_str());
}

std::optional<pid_record> read_pid_file(const std::string& path) {
  std::ifstream file{path};
  pid_record result;
  if (!(file >> result.pid >> result.started))
    return std::nullopt;
  return result;
}

} // namespace cafbus
