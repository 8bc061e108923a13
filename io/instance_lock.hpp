#pragma once
#include "config/paths.hpp"
#include "io/fd.hpp"

#include <string>
#include <variant>

namespace cafbus {

/// The right to be the daemon of one app: a lock on `bus.alive.lock`, held for life, and `bus.pid` beside it.
/// The kernel frees the lock however the process ends. The destructor removes `bus.pid`.
class instance_lock {
public:
  /// Takes the lock and writes the pid file. @returns an error text that names the holder if there is one.
  static std::variant<instance_lock, std::string> take(const app_paths& paths);

  instance_lock(instance_lock&& other) noexcept = default;
  instance_lock& operator=(instance_lock&&) = delete;
  ~instance_lock();

private:
  instance_lock(unique_fd lock, std::string pid_file);

  unique_fd lock_;
  std::string pid_file_;
};

/// What `bus.pid` says: process number and RFC 3339 start time.
struct pid_record {
  int64_t pid = 0;
  std::string started;
};
std::optional<pid_record> read_pid_file(const std::string& path);

} // namespace cafbus
