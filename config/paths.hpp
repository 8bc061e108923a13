#pragma once
#include "base/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Where a bus keeps its files, and the checks that make that place safe to trust.
namespace cafbus {

/// Reads an environment variable; a parameter, so that tests need not change the process's own.
/// A variable that is empty counts as absent.
using environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The environment of this process.
environment process_environment();

/// The names of its variables, in no order.
std::vector<std::string> process_variables();

/// The files of one app's bus, all absolute, all in `dir`.
struct app_paths {
  std::string base; ///< Holds the folders of all apps.
  std::string dir;  ///< `base`/APP, 0700.
  std::string socket;
  std::string pid_file;
  std::string alive_lock;
  std::string fork_lock;
  std::string log;
  std::string hold; ///< Marker: no bus is started on demand while it exists.
  bool operator==(const app_paths&) const = default;
};

/// Whether this can be an app's name, which becomes a folder's name.
result<void> check_app_name(std::string_view app);

/// The folder of all apps: `dir` if not empty, else `$CAFBUS_DIR`, else the first of `usual_base_dirs`. Absolute.
std::string base_dir(const std::string& dir, const environment& env);

/// The folders of all apps that this user's commands take when none is named, the first that can be used in front:
/// `$XDG_RUNTIME_DIR/cafbus`; the same below `/run/user/UID`, so that a login shell, cron, ssh, a service and sudo find
/// the same one; `~/.cafbus`. A runtime directory counts only if it is a folder of ours, and a home that belongs to
/// another user, as `sudo` may leave it in the environment, does not count.
/// @param runtime_dirs Holds the runtime directories of all users.
std::vector<std::string> usual_base_dirs(const environment& env, const std::string& runtime_dirs = "/run/user");

/// Other folders in which the intended bus may be: the usual ones of this user and, under sudo, of the calling user,
/// without `base`.
std::vector<std::string> other_base_dirs(const std::string& base, const environment& env,
                                         const std::string& runtime_dirs = "/run/user");

/// The paths of `app` below `base`. Fails if the name is bad or the socket's path too long for the kernel. Touches no
/// file.
result<app_paths> find_app_paths(const std::string& base, const std::string& app);

/// Creates `paths.base` and `paths.dir` if they are missing, and checks that no other user can put files there: a real
/// folder (no symlink) of ours that only we can write to. A folder that others can only read is set to 0700.
result<void> prepare_app_dir(const app_paths& paths);

/// Whether we have access to the folders. Fails only if the owner of one denies it; the text names the owner and the
/// remedy. A missing folder is not a failure. Changes nothing.
result<void> check_access(const app_paths& paths);

} // namespace cafbus
