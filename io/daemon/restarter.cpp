#include "io/daemon/restarter.hpp"

#include "base/deadline.hpp"
#include "base/shell_word.hpp"
#include "io/daemon/file_lock.hpp"
#include "io/daemon/instance_lock.hpp"
#include "io/daemon/spawn_daemon.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

// A hand-over keeps nothing in memory: the old bus lets its consumers take what is queued and ends, the new one begins
// with no past. A consumer that reconnects gives the cursor of its last event and is told that this is another bus; so
// nothing is lost untold. Two buses at once, of which one passes its history on, would need a format of that history
// that both versions know.
//
// The lock of starters is held from before the stop until the new daemon listens. A publisher that comes meanwhile
// finds a bus that is ending, then the lock, and waits for it as for any other start.

namespace cafbus {

namespace {

using namespace std::chrono_literals;

constexpr auto lock_patience = 12s;
constexpr auto lock_poll_interval = 10ms;
constexpr std::string_view own_prefix = "CAFBUS_";

std::string content_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<std::string> cut_at_nul(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    auto end = std::min(text.find('\0'), text.size());
    result.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

result<file_lock> take_starters_lock(const app_paths& paths) {
  for (deadline until{lock_patience}; !until.is_over(); sleep_for(lock_poll_interval)) {
    auto taken = file_lock::try_take(paths.fork_lock, 10ms);
    if (!taken)
      return taken.error();
    if (*taken)
      return std::move(**taken);
  }
  return failure{failure_kind::unavailable, "another start does not finish: " + paths.fork_lock + " is held; `fuser " +
                                                shell_word(paths.fork_lock) + "` shows by whom"};
}

/// Makes the options of the old bus those of this process. Fails if it is not one to be restarted from here.
result<void> take_after(const app_paths& paths, const std::function<result<void>()>& check) {
  const auto holder = find_lock_holder(paths.alive_lock);
  if (!holder && !client::connect(paths.socket, connect_timeout))
    return {}; // there is none
  if (!holder || holder->pid == 0)
    return failure{failure_kind::refused,
                   "the bus is part of another program, or not visible from here; restart it there"};
  const int64_t pid = holder->pid;
  auto old = read_predecessor(pid);
  if (!old)
    return old.error();
  if (!old->in_background)
    return failure{failure_kind::refused,
                   "the bus (process " + std::to_string(pid) +
                       ") runs in the foreground, as `cafbus serve`; restart it where it was started, e.g. by "
                       "`systemctl --user restart`"};
  adopt_variables(old->variables);
  if (auto good = check(); !good)
    return failure{failure_kind::invalid, "the bus goes on, since a new one would not start: " + good.error().text};
  return {};
}

} // namespace

predecessor parse_predecessor(std::string_view words, std::string_view variables) {
  predecessor x;
  auto arguments = cut_at_nul(words);
  x.in_background = std::ranges::find(arguments, "--ready-fd") != arguments.end();
  for (auto& variable : cut_at_nul(variables))
    if (variable.starts_with(own_prefix) && variable.find('=') != variable.npos)
      x.variables.push_back(std::move(variable));
  return x;
}

result<predecessor> read_predecessor(int64_t pid) {
  const auto folder = "/proc/" + std::to_string(pid);
  auto words = content_of(folder + "/cmdline");
  if (words.empty() || ::access((folder + "/environ").c_str(), R_OK) != 0)
    return failure{failure_kind::unavailable, "cannot see how the bus (process " + std::to_string(pid) +
                                                  ") was started; stop it and start it again"};
  return parse_predecessor(words, content_of(folder + "/environ"));
}

void adopt_variables(const std::vector<std::string>& variables) {
  std::set<std::string> mine;
  for (char** x = ::environ; *x != nullptr; ++x)
    if (std::string_view text{*x}; text.starts_with(own_prefix))
      mine.emplace(text.substr(0, text.find('=')));
  for (const auto& name : mine)
    ::unsetenv(name.c_str());
  for (const auto& text : variables) {
    auto equals = text.find('=');
    ::setenv(text.substr(0, equals).c_str(), text.substr(equals + 1).c_str(), 1);
  }
}

result<restart_result> restart_bus(const app_paths& paths, std::chrono::nanoseconds drain,
                                   const std::function<result<void>()>& check) {
  if (auto prepared = prepare_app_dir(paths); !prepared)
    return prepared.error();
  auto lock = take_starters_lock(paths);
  if (!lock)
    return lock.error();
  if (auto taken = take_after(paths, check); !taken)
    return taken.error();
  restart_result x;
  x.stopped = stop_bus_of(paths, {.force = true, .drain = drain});
  if (!x.stopped.done)
    return failure{failure_kind::unavailable, "the old bus could not be stopped: " + x.stopped.message};
  ::unlink(paths.hold.c_str());
  if (auto spawned = spawn_daemon(paths); !spawned)
    return failure{spawned.error().kind, std::string{x.stopped.pid != 0 ? "the old bus has ended, and " : ""} +
                                             "no new one could be started: " + spawned.error().text};
  auto holder = find_lock_holder(paths.alive_lock);
  x.pid = holder ? holder->pid : 0;
  return x;
}

} // namespace cafbus
