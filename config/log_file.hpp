#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace cafbus::log {

/// A file that lines are appended to, private (0600) and rotated while it is written: `path`, `path.1` .. `path.kept`.
/// Not thread-safe. Invariant: once opened it stays open; if a rotation fails, the old file stays in use.
class log_file {
public:
  /// @param max_bytes Size at which it is rotated. @param kept Old files that are kept.
  log_file(std::string path, size_t max_bytes, size_t kept);

  /// Opens the path; again, if the file was moved away. If that fails, a file that was open before stays in use.
  result<void> open();

  /// Appends `line`, which has its '\n'. What the disk does not take is lost.
  void write(std::string_view line);

private:
  bool rotate();

  std::string path_;
  size_t max_bytes_;
  size_t kept_;
  unique_fd fd_;
  size_t size_ = 0;
};

} // namespace cafbus::log
