#include "io/daemon/instance_lock.hpp"

#include "messages/event_encoder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace cafbus {

namespace {

/// Writes the file beside and renames it: a reader sees the old one or the new one.
result<void> write_pid_file(const std::string& path) {
  auto text = std::to_string(::getpid()) + "\n" + to_rfc3339(std::chrono::system_clock::now()) + "\n";
  auto fresh = path + ".new";
  unique_fd file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return errno_failure("cannot write " + fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0)
    return errno_failure("cannot rename to " + path);
  return {};
}

const char* fate(own_file::state x) {
  return x == own_file::state::gone ? " is gone" : " was replaced";
}

} // namespace

result<instance_lock> instance_lock::take(const app_paths& paths) {
  auto taken = file_lock::try_take(paths.alive_lock, std::chrono::milliseconds{500});
  if (!taken)
    return taken.error();
  auto& lock = *taken;
  if (!lock) {
    auto holder = read_pid_file(paths.pid_file);
    auto who = holder ? " (pid " + std::to_string(holder->pid) + ", since " + holder->started + ")" : std::string{};
    return failure{failure_kind::refused, "another bus is already running for this app" + who +
                                              "; see `cafbus status`, or end it with `cafbus stop`"};
  }
  lock->note(note_starting);
  if (auto written = write_pid_file(paths.pid_file); !written)
    return written.error();
  return instance_lock{std::move(*lock), own_file{paths.alive_lock}, own_file{paths.pid_file}};
}

instance_lock::instance_lock(file_lock lock, own_file lock_file, own_file pid_file)
  : lock_{std::move(lock)}, lock_file_{std::move(lock_file)}, pid_file_{std::move(pid_file)} {}

instance_lock::~instance_lock() {
  if (!moved_from())
    pid_file_.remove();
}

std::string instance_lock::lost() const {
  using state = own_file::state;
  if (auto x = lock_file_.look(); x != state::ours)
    return std::string{"lock file"} + fate(x);
  if (auto x = pid_file_.look(); x != state::ours)
    return std::string{"pid file"} + fate(x);
  return {};
}

std::optional<pid_record> read_pid_file(const std::string& path) {
  std::ifstream file{path};
  pid_record result;
  if (!(file >> result.pid >> result.started))
    return std::nullopt;
  return result;
}

std::optional<process_facts> read_process(int64_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string line;
  if (!std::getline(file, line))
    return std::nullopt;
  auto name_end = line.rfind(')'); // the name may hold blanks and brackets
  if (name_end == std::string::npos)
    return std::nullopt;
  std::istringstream fields{line.substr(name_end + 1)};
  process_facts result;
  if (!(fields >> result.state))
    return std::nullopt;
  return result;
}

} // namespace cafbus
