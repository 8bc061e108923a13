#pragma once
#include "config/paths.hpp"
#include "io/daemon/file_lock.hpp"
#include "io/daemon/own_file.hpp"

#include <optional>
#include <string>

namespace cafbus {

/// The right to be the daemon of one app: a lock on `bus.alive.lock`, held for life, and `bus.pid` beside it.
/// The kernel frees the lock however the process ends. The destructor removes `bus.pid`, if it is still the one
/// written.
class instance_lock {
public:
  /// Takes the lock and writes the pid file. A failure names the holder if there is one.
  static result<instance_lock> take(const app_paths& paths);

  instance_lock(instance_lock&& other) noexcept = default;
  instance_lock& operator=(instance_lock&&) = delete;
  ~instance_lock();

  /// Says to those who look what this daemon is doing: one of the words below.
  void note(const char* word) const { lock_.note(word); }

  /// "lock file" or "pid file" with what has become of it, as long as not both are ours; else empty.
  std::string lost() const;

private:
  instance_lock(file_lock lock, own_file lock_file, own_file pid_file);

  file_lock lock_;
  own_file lock_file_;
  own_file pid_file_;
  bool moved_from() const { return lock_.fd() < 0; }
};

/// What the alive lock's file says while it is held.
inline constexpr const char* note_starting = "starting";
inline constexpr const char* note_running = "running";
inline constexpr const char* note_stopping = "stopping";

/// What the two lines of `bus.pid` say: process number and RFC 3339 start time.
struct pid_record {
  int64_t pid = 0;
  std::string started;
};
std::optional<pid_record> read_pid_file(const std::string& path);

/// What /proc says of a process; nothing if there is none.
struct process_facts {
  char state = '?'; ///< R, S, D, T, Z ...
};
std::optional<process_facts> read_process(int64_t pid);

} // namespace cafbus
