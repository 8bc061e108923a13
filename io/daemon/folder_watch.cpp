#include "io/daemon/folder_watch.hpp"

#include <filesystem>
#include <limits.h>
#include <sys/inotify.h>

namespace cafbus {

folder_watch::folder_watch(const std::string& path) : fd_{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)} {
  if (!fd_)
    return;
  constexpr uint32_t itself = IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  if (::inotify_add_watch(fd_.get(), path.c_str(), itself | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO) < 0) {
    fd_.reset();
    return;
  }
  auto folder = std::filesystem::path{path}.parent_path();
  for (; folder.has_relative_path(); folder = folder.parent_path())
    ::inotify_add_watch(fd_.get(), folder.c_str(), itself); // no other user can move one that we may not read, either
}

void folder_watch::clear() {
  alignas(inotify_event) char buffer[4'096 + NAME_MAX];
  while (::read(fd_.get(), buffer, sizeof(buffer)) > 0) {
  }
}

} // namespace cafbus
