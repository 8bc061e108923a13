#include "config/paths.hpp"

#include "base/shell_word.hpp"
#include "base/unique_fd.hpp"
#include "config/quoted.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <vector>

// Everything that the bus trusts (socket, pid file, locks, log) lies in one folder, so the folder is what is checked:
// through a descriptor that was opened without following a symlink, so that what was checked is what is used. The
// alternative, checking each file, would leave the gap between the check and the use.

namespace cafbus {

namespace {

constexpr size_t max_app_name = 64;
constexpr size_t max_socket_path = sizeof(sockaddr_un::sun_path) - 1;

failure untrusted(std::string text) {
  return {failure_kind::untrusted, std::move(text)};
}

/// The home of the user that we are, by the user database.
std::string home_of_user() {
  std::vector<char> buffer(16 * 1'024);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr &&
      found->pw_dir != nullptr && *found->pw_dir != '\0')
    return found->pw_dir;
  return "/";
}

/// The owner of what is at `path`, links followed; nothing if it cannot be seen.
std::optional<uid_t> owner_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? std::optional{info.st_uid} : std::nullopt;
}

/// Whether it is a folder that we may put files into.
bool is_own_folder(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid();
}

/// The user who called sudo, if we are root by that.
std::optional<std::string> caller_of_sudo(const environment& env) {
  auto uid = env("SUDO_UID");
  const auto known = uid && uid->find_first_not_of("0123456789") == std::string::npos && *uid != "0";
  return known && ::geteuid() == 0 ? uid : std::nullopt;
}

void add_once(std::vector<std::string>& list, std::string x) {
  if (std::ranges::find(list, x) == list.end())
    list.push_back(std::move(x));
}

std::string absolute(const std::string& path) {
  std::error_code error;
  auto full = std::filesystem::absolute(path, error);
  auto result = error ? path : full.lexically_normal().string();
  while (result.size() > 1 && result.ends_with('/'))
    result.pop_back();
  return result;
}

/// "user 0 (root)" for people.
std::string user_text(uid_t uid) {
  return "user " + std::to_string(uid) + (uid == 0 ? " (root)" : "");
}

/// Why we cannot get into `path`, if that is since it belongs to another user.
result<void> check_owner(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || ::access(path.c_str(), R_OK | X_OK) == 0 || info.st_uid == ::geteuid())
    return {};
  const auto by_sudo = info.st_uid == 0 ? ", perhaps because cafbus once ran with sudo" : "";
  return untrusted(path + " belongs to " + user_text(info.st_uid) + by_sudo + ", and is not accessible to us (user " +
                   std::to_string(::geteuid()) + "); `sudo chown -R " + std::to_string(::geteuid()) + ' ' +
                   shell_word(path) + "` returns it, or use --dir or CAFBUS_DIR with a folder of your own");
}

/// Sees to it that `name` in `parent` is there; whether it is a folder is not looked at.
result<void> make_folder(int parent, const char* name, const std::string& path) {
  if (::mkdirat(parent, name, S_IRWXU) == 0 || errno == EEXIST)
    return {};
  auto why = errno_failure("cannot create " + path);
  if (why.kind == failure_kind::not_found)
    why.text = "cannot create " + path + ": the folder above it does not exist; create it or use --dir or CAFBUS_DIR";
  else
    why.text += "; use --dir or CAFBUS_DIR with a folder that you may write to";
  return why;
}

failure no_folder(int parent, const char* name, const std::string& path, int code) {
  struct stat info {};
  if (::fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISLNK(info.st_mode))
      return untrusted(
          path + " is a symbolic link, which is not trusted; remove it, or use --dir or CAFBUS_DIR to name its target");
    if (!S_ISDIR(info.st_mode))
      return {failure_kind::invalid, path + " is not a folder; remove it or use --dir or CAFBUS_DIR"};
  }
  auto why = errno_failure("cannot open " + path, code);
  why.text += "; use --dir or CAFBUS_DIR with a folder of your own";
  return why;
}

result<void> check_base(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0)
    return errno_failure("cannot check " + path);
  if (info.st_uid != ::geteuid() && info.st_uid != 0)
    return untrusted(path + " belongs to user " + std::to_string(info.st_uid) +
                     ", who could put another bus in place of ours; use --dir or CAFBUS_DIR with a folder of your own");
  if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0)
    return untrusted(path + " is writable by everybody, who could put another bus in place of ours; run `chmod o-w` "
                            "on it or use --dir or CAFBUS_DIR with another folder");
  return {};
}

result<void> check_app_dir(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0)
    return errno_failure("cannot check " + path);
  if (info.st_uid != ::geteuid())
    return untrusted(path + " belongs to user " + std::to_string(info.st_uid) + ", not to us (user " +
                     std::to_string(::geteuid()) + "); run as that user, or name another place with --app or --dir");
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return untrusted(path + " is writable by others, so its content is not trusted; inspect it, then run `chmod "
                            "700` on it or remove it");
  // readable only: nothing can have been planted, so this is repaired and not refused
  if ((info.st_mode & 0777) != S_IRWXU && ::fchmod(fd, S_IRWXU) != 0) {
    auto why = errno_failure("cannot make " + path + " private");
    why.text += "; run `chmod 700` on it";
    return why;
  }
  return {};
}

} // namespace

environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0')
      return std::nullopt;
    return value;
  };
}

std::vector<std::string> process_variables() {
  std::vector<std::string> result;
  for (char** x = environ; x != nullptr && *x != nullptr; ++x) {
    std::string_view entry{*x};
    result.emplace_back(entry.substr(0, entry.find('=')));
  }
  return result;
}

result<void> check_app_name(std::string_view app) {
  auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (!app.empty() && app.size() <= max_app_name && app[0] != '.' && app[0] != '-' && std::ranges::all_of(app, allowed))
    return {};
  return failure{failure_kind::invalid, log::quoted(app) + " cannot be the name of an app; use 1 to " +
                                            std::to_string(max_app_name) +
                                            " letters, digits, '.', '_' or '-', starting with neither '.' nor '-'"};
}

std::vector<std::string> usual_base_dirs(const environment& env, const std::string& runtime_dirs) {
  std::vector<std::string> result;
  // the XDG specification: a relative one is to be ignored
  if (auto xdg = env("XDG_RUNTIME_DIR"); xdg && xdg->starts_with('/') && is_own_folder(*xdg))
    add_once(result, absolute(*xdg + "/cafbus"));
  if (auto run = runtime_dirs + '/' + std::to_string(::geteuid()); is_own_folder(run))
    add_once(result, run + "/cafbus");
  auto home = env("HOME");
  auto owner = home ? owner_of(*home) : std::nullopt;
  if (!home || (owner && *owner != ::geteuid() && *owner != 0))
    home = home_of_user();
  add_once(result, absolute(*home + "/.cafbus"));
  return result;
}

std::vector<std::string> other_base_dirs(const std::string& base, const environment& env,
                                         const std::string& runtime_dirs) {
  auto result = usual_base_dirs(env, runtime_dirs);
  if (auto caller = caller_of_sudo(env)) {
    add_once(result, runtime_dirs + '/' + *caller + "/cafbus");
    if (auto home = env("HOME"))
      add_once(result, absolute(*home + "/.cafbus"));
  }
  std::erase(result, base);
  return result;
}

std::string base_dir(const std::string& dir, const environment& env) {
  if (!dir.empty())
    return absolute(dir);
  auto named = env("CAFBUS_DIR");
  return named ? absolute(*named) : usual_base_dirs(env).front();
}

result<app_paths> find_app_paths(const std::string& base, const std::string& app) {
  if (auto good = check_app_name(app); !good)
    return good.error();
  if (base.empty() || base.find('\0') != std::string::npos)
    return failure{failure_kind::invalid, "the folder of --dir or CAFBUS_DIR must be a path"};
  app_paths paths;
  paths.base = base;
  paths.dir = (base == "/" ? base : base + "/") + app;
  paths.socket = paths.dir + "/bus.sock";
  paths.pid_file = paths.dir + "/bus.pid";
  paths.alive_lock = paths.dir + "/bus.alive.lock";
  paths.fork_lock = paths.dir + "/bus.fork.lock";
  paths.log = paths.dir + "/bus.log";
  paths.hold = paths.dir + "/bus.hold";
  if (paths.socket.size() > max_socket_path)
    return failure{failure_kind::invalid,
                   "the socket path " + paths.socket + " has " + std::to_string(paths.socket.size()) +
                       " characters, and the system's limit is " + std::to_string(max_socket_path) +
                       "; use --dir or CAFBUS_DIR with a shorter path"};
  return paths;
}

result<void> check_access(const app_paths& paths) {
  if (auto base = check_owner(paths.base); !base)
    return base;
  return check_owner(paths.dir);
}

result<void> prepare_app_dir(const app_paths& paths) {
  if (auto made = make_folder(AT_FDCWD, paths.base.c_str(), paths.base); !made)
    return made;
  if (auto open_to_us = check_access(paths); !open_to_us)
    return open_to_us;
  unique_fd base{::open(paths.base.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}; // may be a symlink: the user named it
  if (!base && errno == ENOTDIR)
    return failure{failure_kind::invalid, paths.base + " is not a folder; remove it or use --dir or CAFBUS_DIR"};
  if (!base) {
    auto why = errno_failure("cannot open " + paths.base);
    why.text += "; use --dir or CAFBUS_DIR";
    return why;
  }
  if (auto good = check_base(base.get(), paths.base); !good)
    return good;
  auto app = paths.dir.substr(paths.dir.rfind('/') + 1);
  if (auto made = make_folder(base.get(), app.c_str(), paths.dir); !made)
    return made;
  unique_fd dir{::openat(base.get(), app.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!dir)
    return no_folder(base.get(), app.c_str(), paths.dir, errno);
  return check_app_dir(dir.get(), paths.dir);
}

} // namespace cafbus
