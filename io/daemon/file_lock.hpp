#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

/// Lock files: each is locked twice, by flock() and by a POSIX record lock.
///
/// flock() is the contract: it belongs to the open file, so that nothing but the end of the process frees it. But it
/// cannot be asked who holds it: a trial lock would make a daemon fail that starts at that moment, and the device
/// numbers of /proc/locks are not those of stat() on overlayfs and btrfs. The record lock can be asked (F_GETLK)
/// without being taken, and the kernel says which process holds it. It is lost when its process closes any descriptor
/// of the file, so no other code of the process may open it.
namespace cafbus {

/// A lock file, held by this object.
class file_lock {
public:
  /// Does not wait for a holder that the record lock names. @returns the lock, or nothing if somebody holds it.
  /// @param patience Wait for one that it does not name: one who only looks holds flock() for an instant, which is long
  ///                 when it is not scheduled in it.
  static result<std::optional<file_lock>> try_take(const std::string& path, std::chrono::milliseconds patience);

  /// Replaces the text in the file, for those who look: what the holder is doing.
  void note(const std::string& text) const;

  int fd() const noexcept { return fd_.get(); }

private:
  explicit file_lock(unique_fd fd) : fd_(std::move(fd)) {}
  unique_fd fd_;
};

/// Who holds a lock file.
struct lock_holder {
  pid_t pid = 0;    ///< 0: a process that took flock() only, or that is not visible from here.
  std::string note; ///< What it wrote, first line.
};

/// Nothing if the lock is free or there is no such file.
std::optional<lock_holder> find_lock_holder(const std::string& path);

} // namespace cafbus
