#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>

namespace cafbus {

/// A file that this process made, known by device and inode: the name alone may mean another file by now. The maker
/// keeps the file open (or bound), so that its inode number cannot be given to another one.
class own_file {
public:
  /// No file: gone.
  own_file() = default;
  /// What is at `path` now.
  explicit own_file(std::string path);

  enum class state : uint8_t { ours, gone, replaced };
  state look() const;

  /// Removes it if it is still ours. The kernel has no "unlink this inode", so a file that takes its place between look
  /// and unlink is lost; only somebody who ignores the bus's lock can do that.
  void remove() const;

private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// What has become of a file, as a clause behind its name: "is gone".
const char* to_string(own_file::state x) noexcept;

} // namespace cafbus
