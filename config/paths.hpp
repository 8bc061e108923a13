#pragma once
#include "base/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// Where a bus keeps its files, and the checks that make that place safe to trust.
namespace cafbus {

/// Reads an environment variable; a parameter, so that tests need not change the process's own.
/// A variable that is empty counts as absent.
using environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The environment of this process.
environment process_environment();

/// The files of one app's bus, all absolute, all in `dir`.
struct app_paths {
  std::string base; ///< Holds the folders of all apps.
  std::string dir;  ///< `base`/APP, 0700.
  std::string socket;
  std::string pid_file;
  std::string alive_lock;
  std::string fork_lock;
  std::string log;
  std::string hold; ///< Marker: whoever would start a bus on demand must not.
  bool operator==(const app_paths&) const = default;
};

/// Whether this can be an app's name, which becomes a folder's name.
result<void> check_app_name(std::string_view app);

/// The folder of all apps: `dir` if not empty, else `$CAFBUS_DIR`, `$XDG_RUNTIME_DIR/cafbus`, `~/.cafbus`. Absolute.
std::string base_dir(const std::string& dir, const environment& env);

/// The paths of `app` below `base`. Fails if the name is bad or the socket's path too long for the kernel. Touches no
/// file.
result<app_paths> find_app_paths(const std::string& base, const std::string& app);

/// Makes `paths.base` and `paths.dir` if they are missing, and checks that nobody else can put anything in there: a
/// real folder (no symlink), ours, writable by us alone. One that others can merely read is made 0700.
result<void> prepare_app_dir(const app_paths& paths);

} // namespace cafbus
