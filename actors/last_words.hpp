#pragma once
#include <string>

namespace cafbus {

/// The last line that a process wrote to a pipe, cut to a readable length.
class last_words {
public:
  /// Takes in what is there, `pipe_bytes` at most, without blocking. @param fd Non-blocking.
  /// @returns false if that was the end.
  bool read(int fd);

  const std::string& text() const { return current_.empty() ? last_ : current_; }

private:
  std::string current_;
  std::string last_;
};

} // namespace cafbus
