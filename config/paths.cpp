#include "config/paths.hpp"

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
#include <system_error>
#include <vector>

// Everything that the bus trusts (socket, pid file, locks, log) lies in one folder, so the folder is what is checked:
// through a descriptor that was opened without following a symlink, so that what was checked is what is used. The
// alternative, checking each file, would leave the gap between the check and the use.

namespace cafbus {

namespace {

constexpr size_t max_app_name = 64;
constexpr size_t max_socket_path = sizeof(sockaddr_un::sun_path) - 1;

/// A descriptor for the time of one check; io/fd.hpp lies below this folder.
struct folder {
  explicit folder(int x) : fd(x) {}
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() {
    if (fd >= 0)
      ::close(fd);
  }
  int fd;
};

std::string error_text(int code) {
  return std::system_category().message(code);
}

/// The home of the user that we are, when the environment does not say it.
std::string home_of_user() {
  std::vector<char> buffer(16 * 1'024);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr &&
      found->pw_dir != nullptr && *found->pw_dir != '\0')
    return found->pw_dir;
  return "/";
}

/// "" if `name` in `parent` is a folder or was made one.
std::string make_folder(int parent, const char* name, const std::string& path) {
  if (::mkdirat(parent, name, S_IRWXU) == 0 || errno == EEXIST)
    return {};
  auto code = errno;
  if (code == ENOENT)
    return "cannot create " + path + ": the folder above it does not exist; create it or use --dir or CAFBUS_DIR";
  return "cannot create " + path + ": " + error_text(code) +
         "; use --dir or CAFBUS_DIR with a folder that you may write to";
}

std::string not_a_folder_text(int parent, const char* name, const std::string& path, int code) {
  struct stat info {};
  if (::fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISLNK(info.st_mode))
      return path +
             " is a symbolic link, which is not trusted; remove it, or use --dir or CAFBUS_DIR to name its target";
    if (!S_ISDIR(info.st_mode))
      return path + " is not a folder; remove it or use --dir or CAFBUS_DIR";
  }
  return "cannot open " + path + ": " + error_text(code) + "; use --dir or CAFBUS_DIR with a folder of your own";
}

std::string check_base(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0)
    return "cannot check " + path + ": " + error_text(errno);
  if (info.st_uid != ::geteuid() && info.st_uid != 0)
    return path + " belongs to user " + std::to_string(info.st_uid) +
           ", who could put another bus in place of ours; use --dir or CAFBUS_DIR with a folder of your own";
  if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0)
    return path + " may be written by everybody, who could put another bus in place of ours; run `chmod o-w` on it or "
                  "use --dir or CAFBUS_DIR with another folder";
  return {};
}

std::string check_app_dir(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0)
    return "cannot check " + path + ": " + error_text(errno);
  if (info.st_uid != ::geteuid())
    return path + " belongs to user " + std::to_string(info.st_uid) + ", not to us (user " +
           std::to_string(::geteuid()) + "); run as that user, or use --app or --dir to go elsewhere";
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return path + " may be written by others, so its content is not trusted; look into it, then run `chmod 700` on it "
                  "or remove it";
  // readable only: nothing can have been planted, so this is repaired and not refused
  if ((info.st_mode & 0777) != S_IRWXU && ::fchmod(fd, S_IRWXU) != 0)
    return "cannot make " + path + " private: " + error_text(errno) + "; run `chmod 700` on it";
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

std::string app_name_error(std::string_view app) {
  auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (!app.empty() && app.size() <= max_app_name && app[0] != '.' && app[0] != '-' && std::ranges::all_of(app, allowed))
    return {};
  return log::quoted(app) + " cannot be the name of an app; use 1 to " + std::to_string(max_app_name) +
         " letters, digits, '.', '_' or '-', starting with neither '.' nor '-'";
}

std::string base_dir(const std::string& dir, const environment& env) {
  auto home = [&env] { return env("HOME").value_or(home_of_user()); };
  auto choose = [&]() -> std::string {
    if (!dir.empty())
      return dir;
    if (auto value = env("CAFBUS_DIR"))
      return *value;
    // the XDG specification: a relative one is to be ignored
    if (auto value = env("XDG_RUNTIME_DIR"); value && value->starts_with('/'))
      return *value + "/cafbus";
    return home() + "/.cafbus";
  };
  auto chosen = choose();
  std::error_code error;
  auto absolute = std::filesystem::absolute(chosen, error);
  auto result = error ? chosen : absolute.lexically_normal().string();
  while (result.size() > 1 && result.ends_with('/'))
    result.pop_back();
  return result;
}

std::variant<app_paths, std::string> find_app_paths(const std::string& base, const std::string& app) {
  if (auto error = app_name_error(app); !error.empty())
    return error;
  if (base.empty() || base.find('\0') != std::string::npos)
    return std::string{"the folder of --dir or CAFBUS_DIR must be a path"};
  app_paths result;
  result.base = base;
  result.dir = (base == "/" ? base : base + "/") + app;
  result.socket = result.dir + "/bus.sock";
  result.pid_file = result.dir + "/bus.pid";
  result.alive_lock = result.dir + "/bus.alive.lock";
  result.fork_lock = result.dir + "/bus.fork.lock";
  result.log = result.dir + "/bus.log";
  result.hold = result.dir + "/bus.hold";
  if (result.socket.size() > max_socket_path)
    return "the socket path " + result.socket + " has " + std::to_string(result.socket.size()) +
           " characters, and the system's limit is " + std::to_string(max_socket_path) +
           "; use --dir or CAFBUS_DIR with a shorter path";
  return result;
}

std::string prepare_app_dir(const app_paths& paths) {
  if (auto error = make_folder(AT_FDCWD, paths.base.c_str(), paths.base); !error.empty())
    return error;
  folder base{::open(paths.base.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}; // may be a symlink: the user named it
  if (base.fd < 0) {
    auto code = errno;
    return code == ENOTDIR ? paths.base + " is not a folder; remove it or use --dir or CAFBUS_DIR"
                           : "cannot open " + paths.base + ": " + error_text(code) + "; use --dir or CAFBUS_DIR";
  }
  if (auto error = check_base(base.fd, paths.base); !error.empty())
    return error;
  auto app = paths.dir.substr(paths.dir.rfind('/') + 1);
  if (auto error = make_folder(base.fd, app.c_str(), paths.dir); !error.empty())
    return error;
  folder dir{::openat(base.fd, app.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (dir.fd < 0)
    return not_a_folder_text(base.fd, app.c_str(), paths.dir, errno);
  return check_app_dir(dir.fd, paths.dir);
}

} // namespace cafbus
