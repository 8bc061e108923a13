#pragma once
#include "base/unique_fd.hpp"

#include <string>

namespace cafbus {

/// Tells when something in a folder, or the way to it, has changed, so that nobody has to look all the time: files that
/// come, go or are replaced in it, and it or a folder above it that is moved or deleted. Not what the kernel does not
/// report: something mounted over it, a file system that others change from afar.
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
