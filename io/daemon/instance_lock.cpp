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

/// What the pid file says of this process.
std::string pid_text() {
  return std::to_string(::getpid()) + "\n" + to_rfc3339(std::chrono::system_clock::now()) + "\n";
}

/// Writes the file beside and renames it: a reader sees the old one or the new one.
result<void> write_pid_file(const std::string& path, const std::string& text) {
  auto fresh = path + ".new";
  unique_fd file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return errno_failure("cannot write " + fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0)
    return errno_failure("cannot rename to " + path);
  return {};
}

failure held_by_another(const app_paths& paths) {
  auto holder = read_pid_file(paths.pid_file);
  auto who = holder ? " (pid " + std::to_string(holder->pid) + ", since " + holder->started + ")" : std::string{};
  return {failure_kind::refused,
          "another bus is already running for this app" + who + "; see `cafbus status`, or end it with `cafbus stop`"};
}

} // namespace

result<instance_lock> instance_lock::take(const app_paths& paths) {
  auto lock = file_lock::try_take(paths.alive_lock, std::chrono::milliseconds{500});
  if (!lock)
    return lock.error();
  if (!*lock)
    return held_by_another(paths);
  (*lock)->note(note_starting);
  auto text = pid_text();
  if (auto written = write_pid_file(paths.pid_file, text); !written)
    return written.error();
  return instance_lock{paths, std::move(**lock), std::move(text)};
}

instance_lock::instance_lock(const app_paths& paths, file_lock lock, std::string pid_text)
  : lock_path_{paths.alive_lock}, pid_path_{paths.pid_file}, pid_text_{std::move(pid_text)}, lock_{std::move(lock)},
    lock_file_{lock_path_}, pid_file_{pid_path_} {}

instance_lock::~instance_lock() {
  if (!moved_from())
    pid_file_.remove();
}

void instance_lock::note(const char* word) {
  note_ = word;
  lock_.note(word);
}

result<std::vector<std::string>> instance_lock::restore(const std::function<bool()>& is_ours) {
  std::vector<std::string> restored;
  if (auto state = lock_file_.look(); state != own_file::state::ours) {
    auto lock = file_lock::try_take(lock_path_, std::chrono::milliseconds{0});
    if (!lock || !*lock || !is_ours())
      return failure{failure_kind::refused, std::string{"lock file "} + to_string(state)};
    lock_ = std::move(**lock);
    lock_.note(note_);
    lock_file_ = own_file{lock_path_};
    restored.push_back(lock_path_);
  }
  // one that cannot be written, on a full disk, is tried again at the next look
  if (pid_file_.look() != own_file::state::ours && write_pid_file(pid_path_, pid_text_)) {
    pid_file_ = own_file{pid_path_};
    restored.push_back(pid_path_);
  }
  return restored;
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
