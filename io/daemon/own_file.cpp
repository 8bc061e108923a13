#include "io/daemon/own_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <iterator>
#include <utility>

namespace cafbus {

own_file::own_file(std::string path) : path_(std::move(path)) {
  struct stat info {};
  if (!path_.empty() && ::lstat(path_.c_str(), &info) == 0) {
    device_ = info.st_dev;
    inode_ = info.st_ino;
  }
}

own_file::state own_file::look() const {
  struct stat info {};
  if (inode_ == 0 || ::lstat(path_.c_str(), &info) != 0)
    return state::gone;
  return info.st_dev == device_ && info.st_ino == inode_ ? state::ours : state::replaced;
}

void own_file::remove() const {
  if (look() == state::ours)
    ::unlink(path_.c_str());
}

const char* to_string(own_file::state x) noexcept {
  static constexpr const char* names[] = {"is ours", "is gone", "was replaced"};
  static_assert(std::size(names) == static_cast<size_t>(own_file::state::replaced) + 1);
  return names[static_cast<size_t>(x)];
}

} // namespace cafbus
