#include "io/daemon/instance_files.hpp"

#include "config/log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cafbus {

namespace {

/// Cleaners go by days.
constexpr auto touch_interval = std::chrono::hours{1};

} // namespace

instance_files::instance_files(app_paths paths, instance_lock lock, bool has_log)
  : paths_{std::move(paths)}, lock_{std::move(lock)}, has_log_{has_log}, folder_{::open(paths_.dir.c_str(),
                                                                                        O_RDONLY | O_DIRECTORY |
                                                                                            O_NOFOLLOW | O_CLOEXEC)} {
  if (folder_)
    ::flock(folder_.get(), LOCK_SH | LOCK_NB);
}

result<std::vector<std::string>> instance_files::look() {
  auto socket_is_ours = [this] { return socket_.look() == own_file::state::ours; };
  if (!socket_is_ours())
    return failure{failure_kind::not_found, std::string{"socket file "} + to_string(socket_.look())};
  auto restored = lock_.restore(socket_is_ours);
  if (!restored)
    return restored;
  if (has_log_ && ::access(paths_.log.c_str(), F_OK) != 0 && log::reopen())
    restored->push_back(paths_.log);
  keep_young();
  return restored;
}

void instance_files::keep_young() {
  auto now = std::chrono::steady_clock::now();
  if (touched_ != decltype(touched_){} && now - touched_ < touch_interval)
    return;
  touched_ = now;
  for (const auto& path : {paths_.socket, paths_.alive_lock, paths_.pid_file, paths_.dir})
    ::utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW); // advice: the look tells what is lost
}

} // namespace cafbus
