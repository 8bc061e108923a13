#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cafbus::bench {

/// A program that is measured. It ends with this object, and with this process.
class child {
public:
  child() = default;
  /// Starts it with standard input empty and standard output and error in the file `log`. Check `alive`.
  /// @pre no other thread runs.
  child(const std::vector<std::string>& command, const std::string& log);
  child(child&& other) noexcept;
  child& operator=(child&& other) noexcept;
  ~child();

  pid_t pid() const noexcept { return pid_; }
  bool alive();
  /// SIGTERM, and SIGKILL if it is still there after 5 s.
  void stop();

private:
  pid_t pid_ = 0;
};

/// User and system time of all threads of a process so far, in nanoseconds.
uint64_t cpu_ns(pid_t pid);

struct memory {
  uint64_t rss = 0; ///< Bytes.
  uint64_t pss = 0;
};
memory memory_of(pid_t pid);

/// How often the threads of a process were put on a processor after they had waited or been interrupted.
uint64_t context_switches(pid_t pid);

/// Page faults of a process so far.
uint64_t page_faults(pid_t pid);

/// What may disturb a measurement: how many threads want a processor on average over the last minute, and processor
/// time that the machine beneath this one has kept, in seconds since the start.
struct noise {
  double load = 0;
  double stolen = 0;
};
noise noise_now();

/// What a child has written into a file that it renames to this name; waits for it, at most 10 s. Throws a bench_error.
std::string await_file(const std::string& path);

/// Where a program of that name is in PATH or where daemons lie; empty if nowhere.
std::string find_program(const std::string& name);

/// This program's own path.
std::string own_path();

/// The program cafbus: beside this one, where a build leaves both, or as `cafbus bench` is installed.
std::string cafbus_path();

/// Whole content of a file; empty if it cannot be read.
std::string read_file(const std::string& path);

} // namespace cafbus::bench
