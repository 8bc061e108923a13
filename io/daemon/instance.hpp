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
  starting,     ///< A command is starting it, or it does not listen yet.
  stopping,     ///< It ends as soon as its consumers have received their queued events.
  orphan,       ///< It runs and holds the lock, but no client can reach it: its socket is gone or was replaced.
  stale,        ///< It died and left its files behind; the next one that starts removes them.
  unresponsive, ///< It accepts connections and does not answer.
  unknown,      ///< It could not be asked.
};
const char* to_string(instance_state x);

struct instance_view {
  instance_state state = instance_state::unknown;
  int64_t pid = 0;          ///< 0: there is none, or it is not known.
  std::string message = {}; ///< Reason and remedy, for people; empty if all is well.
  std::string line = {};    ///< The bus's own answer as it came, if it gave one.
  status_response status = {};
};

/// Looks at one app's bus; takes as long as the bus's answer, at most five seconds.
instance_view look_at(const app_paths& paths);

/// The apps of a folder that have, or had, a bus: in alphabetical order.
std::vector<app_paths> find_apps(const std::string& base);

/// A bus in another folder.
struct bus_elsewhere {
  std::string base;
  pid_t pid = 0; ///< 0: it is not visible from here.
};

/// The running buses of the same app in the other usual folders: a caller that starts or misses a bus in `paths` may be
/// looking in the wrong place.
std::vector<bus_elsewhere> find_others(const app_paths& paths, const environment& env);

/// A process, and a handle that stays valid even if the system uses its number again.
struct proven_process {
  int64_t pid = 0;
  unique_fd handle; ///< A pidfd.
};

/// The daemon of `paths`: the process that the pid file names, if the kernel confirms that it holds the alive lock. A
/// failure says which of these does not hold.
result<proven_process> prove_daemon(const app_paths& paths);

/// Waits for a process to end. @returns whether it has.
bool wait_for_end(int pidfd, std::chrono::milliseconds limit);

/// Ends the process by SIGTERM, then by SIGKILL. @returns false if it still exists.
bool kill_daemon(const unique_fd& process);

/// Removes the files of a daemon that died, under its lock; does nothing while a bus runs.
void remove_leftovers(const app_paths& paths);

} // namespace cafbus
