#include "io/daemon/instance.hpp"

#include "base/deadline.hpp"
#include "base/shell_word.hpp"
#include "io/daemon/instance_lock.hpp"
#include "io/daemon/listeners.hpp"

#include <poll.h>
#include <signal.h>
extern "C" { // glibc 2.36 has forgotten that
#include <sys/pidfd.h>
}
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <system_error>

// A pid file says who was there once, and a socket file that somebody listened once. Neither is believed: what counts
// is an answer, and the alive lock, which the kernel frees however its holder ends.

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// A daemon is for an instant between two of its states; then it is looked at once more.
constexpr auto settle_time = 50ms;
/// Time that a process gets to end by a signal. SIGTERM asks, so it includes the drain.
constexpr auto term_timeout = 3s;
constexpr auto kill_timeout = 5s;

constexpr const char* names[] = {"running", "not_running", "starting",     "stopping",
                                 "orphan",  "stale",       "unresponsive", "unknown"};
static_assert(std::size(names) == static_cast<size_t>(instance_state::unknown) + 1);

bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

std::string app_of(const app_paths& paths) {
  return paths.dir.substr(paths.dir.rfind('/') + 1);
}

/// The way to run `command` on this bus.
std::string way(const char* command, const app_paths& paths) {
  return std::string{"`cafbus "} + command + " --dir " + shell_word(paths.base) + " --app " +
         shell_word(app_of(paths)) + "`";
}

instance_view view(instance_state state, int64_t pid, std::string message) {
  instance_view result;
  result.state = state;
  result.pid = pid;
  result.message = std::move(message);
  return result;
}

/// What it is that does not listen, by its locks and files.
instance_view look_at_files(const app_paths& paths) {
  if (auto holder = find_lock_holder(paths.alive_lock)) {
    auto who = "the bus (process " + std::to_string(holder->pid) + ")";
    if (holder->note == note_starting)
      return view(instance_state::starting, holder->pid, who + " does not listen yet");
    if (holder->note == note_stopping)
      return view(instance_state::stopping, holder->pid, who + " is about to end");
    return view(instance_state::orphan, holder->pid,
                who + " is running, but does not listen at " + paths.socket + "; end it with " +
                    way("stop --force", paths));
  }
  if (auto starter = find_lock_holder(paths.fork_lock))
    return view(instance_state::starting, 0, "process " + std::to_string(starter->pid) + " is starting a bus");
  if (exists(paths.socket) || exists(paths.pid_file))
    return view(instance_state::stale, 0,
                "a bus has died and left its files in " + paths.dir + "; the next one that starts removes them");
  auto held =
      exists(paths.hold) ? "; it is held back by " + paths.hold + ", which both commands remove" : std::string{};
  return view(instance_state::not_running, 0,
              "no bus is running at " + paths.socket + "; start one with " + way("start", paths) +
                  " or `cafbus serve`" + held);
}

instance_view look_without_answer(const app_paths& paths) {
  auto result = look_at_files(paths);
  if (result.state != instance_state::orphan && result.state != instance_state::stale)
    return result;
  sleep_for(settle_time);
  if (client::connect(paths.socket, connect_timeout))
    return view(instance_state::starting, result.pid, "the bus has just begun to listen");
  return look_at_files(paths);
}

/// Whoever answers is taken for the bus, unless another process proves to be it by the lock.
void compare_holder(instance_view& x, const app_paths& paths) {
  auto holder = find_lock_holder(paths.alive_lock);
  if (!holder || holder->pid == 0 || holder->pid == x.pid)
    return;
  x = view(instance_state::orphan, holder->pid,
           "the bus (process " + std::to_string(holder->pid) + ") is running, but its socket " + paths.socket +
               " was replaced by one of process " + std::to_string(x.pid) + "; end it with " +
               way("stop --force", paths));
}

/// What it means that the bus that listens gave no answer.
instance_view look_at_silence(const failure& why, int64_t pid, const app_paths& paths) {
  switch (why.kind) {
  case failure_kind::closed:
    return look_without_answer(paths);
  case failure_kind::stopping:
    return view(instance_state::stopping, pid, why.text);
  case failure_kind::timed_out:
    return view(instance_state::unresponsive, pid,
                "the bus (process " + std::to_string(pid) +
                    ") accepts connections, but did not answer within 5s; end it with " + way("stop --force", paths));
  default:
    return view(instance_state::unknown, pid, why.text);
  }
}

instance_view ask(client& bus, const app_paths& paths) {
  auto answer = bus.ask_status(answer_timeout);
  if (!answer)
    return look_at_silence(answer.error(), bus.bus_pid(), paths);
  auto stopping = answer->state == bus_phase::stopping;
  auto result = view(stopping ? instance_state::stopping : instance_state::running, bus.bus_pid(), {});
  result.line = bus.line();
  result.status = std::move(*answer);
  return result;
}

} // namespace

const char* to_string(instance_state x) {
  return names[static_cast<uint8_t>(x)];
}

bool wait_for_end(int pidfd, std::chrono::milliseconds limit) {
  return wait_for(pidfd, POLLIN, deadline{limit}) > 0;
}

instance_view look_at(const app_paths& paths) {
  auto bus = client::connect(paths.socket, connect_timeout);
  if (bus) {
    auto result = ask(*bus, paths);
    if (result.pid != 0 && result.state != instance_state::orphan)
      compare_holder(result, paths);
    return result;
  }
  const auto& why = bus.error();
  if (why.kind == failure_kind::not_found)
    return look_without_answer(paths);
  if (auto access = check_access(paths); !access)
    return view(instance_state::unknown, 0, access.error().text);
  return view(why.kind == failure_kind::timed_out ? instance_state::unresponsive : instance_state::unknown, 0,
              why.text);
}

std::vector<app_paths> find_apps(const std::string& base) {
  std::vector<app_paths> result;
  std::error_code error;
  for (std::filesystem::directory_iterator i{base, error}, end; !error && i != end; i.increment(error)) {
    std::error_code ignored;
    if (i->is_symlink(ignored) || !i->is_directory(ignored))
      continue;
    auto paths = find_app_paths(base, i->path().filename().string());
    if (paths && exists(paths->alive_lock))
      result.push_back(std::move(*paths));
  }
  std::ranges::sort(result, {}, &app_paths::dir);
  return result;
}

std::vector<bus_elsewhere> find_others(const app_paths& paths, const environment& env) {
  std::vector<bus_elsewhere> result;
  for (const auto& base : other_base_dirs(paths.base, env)) {
    auto other = find_app_paths(base, app_of(paths));
    auto holder = other ? find_lock_holder(other->alive_lock) : std::nullopt;
    if (holder)
      result.push_back({other->base, holder->pid});
  }
  return result;
}

result<proven_process> prove_daemon(const app_paths& paths) {
  auto unproven = [](std::string why) { return failure{failure_kind::untrusted, std::move(why)}; };
  auto record = read_pid_file(paths.pid_file);
  if (!record || record->pid <= 0)
    return unproven(paths.pid_file + " does not say which process it is");
  auto named = "process " + std::to_string(record->pid) + ", which " + paths.pid_file + " names,";
  // first the handle, then the questions, so that the answers are about the process of the handle
  unique_fd handle{::pidfd_open(static_cast<pid_t>(record->pid), 0)};
  if (!handle)
    return errno_failure(named + " cannot be reached");
  auto holder = find_lock_holder(paths.alive_lock);
  if (!holder || holder->pid != record->pid)
    return unproven(named + " does not hold " + paths.alive_lock);
  return proven_process{record->pid, std::move(handle)};
}

bool kill_daemon(const unique_fd& process) {
  ::pidfd_send_signal(process.get(), SIGTERM, nullptr, 0);
  if (wait_for_end(process.get(), term_timeout))
    return true;
  ::pidfd_send_signal(process.get(), SIGKILL, nullptr, 0);
  return wait_for_end(process.get(), kill_timeout);
}

void remove_leftovers(const app_paths& paths) {
  struct stat folder {};
  if (::lstat(paths.dir.c_str(), &folder) != 0 || folder.st_uid != ::geteuid())
    return; // root has stopped somebody's bus; a lock file of root's would lock that user out
  auto lock = file_lock::try_take(paths.alive_lock, 100ms);
  if (!lock || !*lock)
    return;
  if (!has_listener(paths.socket)) // a socket unit listens on for the next bus
    ::unlink(paths.socket.c_str());
  ::unlink(paths.pid_file.c_str());
}

} // namespace cafbus
