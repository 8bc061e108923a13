#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <string>

namespace cafbus {

/// Tells the program that started us that we are ready: by a line on an inherited descriptor, by a new file, or both.
/// Mistakes in them are found before we connect to the bus.
class ready_notice {
public:
  /// Neither descriptor nor file: telling does nothing.
  ready_notice() = default;
  ready_notice(ready_notice&& other) noexcept;
  ready_notice& operator=(ready_notice&&) = delete;

  /// Removes the file, so that it is there only while we are ready.
  ~ready_notice();

  /// @param fd 3 or more, open for writing; -1: none. Owned from here on; it is closed unwritten if we end before.
  /// @param path Empty: none. A file that an earlier run left behind is removed; another file is left alone.
  static result<ready_notice> open(int fd, const std::string& path);

  /// Writes the line and closes the descriptor; makes the file, which holds our process id.
  result<void> tell();

private:
  unique_fd fd_;
  std::string path_;
  bool made_ = false; // the file is there, and ours
};

} // namespace cafbus
