#pragma once
#include "config/paths.hpp"
#include "io/daemon/file_lock.hpp"
#include "io/daemon/own_file.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cafbus {

/// What the alive lock's file says while it is held.
inline constexpr const char* note_starting = "starting";
inline constexpr const char* note_running = "running";
inline constexpr const char* note_stopping = "stopping";

/// The right to be the daemon of one app: a lock on `bus.alive.lock`, held for life, and `bus.pid` beside it, for
/// people. The kernel frees the lock however the process ends. The destructor removes `bus.pid`, if it is still the one
/// written. For one thread.
class instance_lock {
public:
  /// Takes the lock and writes the pid file. A failure names the holder if there is one.
  static result<instance_lock> take(const app_paths& paths);

  instance_lock(instance_lock&& other) noexcept = default;
  instance_lock& operator=(instance_lock&&) = delete;
  ~instance_lock();

  /// Says to those who look what this daemon is doing: one of the words above.
  void note(const char* word);

  /// Looks at both files and puts back those that are missing: the pid file always; the lock file if no other process
  /// has it and `is_ours` holds once it is locked: then no other bus can have started meanwhile.
  /// @returns the paths that were put back; a failure says what has become of the lock file.
  result<std::vector<std::string>> restore(const std::function<bool()>& is_ours);

private:
  instance_lock(const app_paths& paths, file_lock lock, std::string pid_text);

  bool moved_from() const { return lock_.fd() < 0; }

  std::string lock_path_;
  std::string pid_path_;
  std::string pid_text_;
  const char* note_ = note_starting;
  file_lock lock_;
  own_file lock_file_;
  own_file pid_file_;
};

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
