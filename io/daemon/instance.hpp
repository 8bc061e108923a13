#pragma once
#include "config/paths.hpp"
#include "io/client/client.hpp"

#include <optional>
#include <string>
#include <vector>

/// What can be said of an app's bus from outside, without disturbing it: by the locks, the files and an answer of its
/// own.
namespace cafbus {

enum class instance_state : uint8_t {
  running,
  not_running,
  starting, ///< Somebody is starting it, or it does not listen yet.
  stopping, ///< It ends as soon as its consumers have taken what is queued.
  orphan,   ///< It lives and holds the lock, but its socket is gone or belongs to somebody else: nobody can reach it.
  stale,    ///< It died and left its files behind; the next one that starts removes them.
  unresponsive, ///< It takes connections and does not answer.
  unknown,      ///< It could not be asked.
};
const char* to_string(instance_state x);

struct instance_view {
  instance_state state = instance_state::unknown;
  int64_t pid = 0;     ///< 0: there is none, or it is not known.
  std::string message; ///< Why it is so and what can be done; empty if there is nothing to say.
  std::string line;    ///< The bus's own answer as it came, if it gave one.
  status_response status;
};

/// Looks at one app's bus; takes as long as the bus's answer, at most five seconds.
instance_view look_at(const app_paths& paths);

/// The apps of a folder that have, or had, a bus: in alphabetical order.
std::vector<app_paths> find_apps(const std::string& base);

/// A bus that lives in another folder.
struct bus_elsewhere {
  std::string base;
  pid_t pid = 0; ///< 0: it cannot be told from here.
};

/// The living buses of the same app in the other folders that the caller may mean: whoever starts or misses a bus in
/// `paths` may be looking in the wrong place.
std::vector<bus_elsewhere> find_others(const app_paths& paths, const environment& env);

/// A process, and a handle that stays its handle whatever happens to its number.
struct proven_process {
  int64_t pid = 0;
  unique_fd handle; ///< A pidfd.
};

/// The daemon of `paths`, or why it cannot be proved who that is: the process that the pid file names exists and
/// holds the alive lock by the kernel's word.
result<proven_process> prove_daemon(const app_paths& paths);

/// Waits for a process to end. @returns whether it has.
bool wait_for_end(int pidfd, std::chrono::milliseconds limit);

/// Ends the process by SIGTERM and, where that is not enough, by SIGKILL. @returns false if it lives on.
bool kill_daemon(const unique_fd& process);

/// Removes what a daemon that died has left behind, under its lock; does nothing while a bus lives.
void remove_leftovers(const app_paths& paths);

} // namespace cafbus
