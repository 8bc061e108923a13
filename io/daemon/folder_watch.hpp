#pragma once
#include "base/unique_fd.hpp"

#include <string>

namespace cafbus {

/// Reports changes in a folder or on the path to it, in place of frequent polling: files that appear, disappear or are
/// replaced in it, and a move or removal of it or a folder above. The kernel does not report a mount over it, nor
/// changes that other machines make to a network file system.
class folder_watch {
public:
  /// @param path Absolute. A watch that the kernel refuses, e.g. since there are too many, is not there; see `good`.
  explicit folder_watch(const std::string& path);

  bool good() const noexcept { return static_cast<bool>(fd_); }

  /// Readable when something has changed. -1: not good.
  int fd() const noexcept { return fd_.get(); }

  /// Forgets what has been told so far.
  void clear();

private:
  unique_fd fd_;
};

} // namespace cafbus
