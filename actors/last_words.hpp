#pragma once
#include <string>
#include <sys/types.h>

namespace cafbus {

/// The last line that a process wrote to a pipe, cut to a readable length.
class last_words {
public:
  /// Takes in what is there, without blocking. @param fd Non-blocking.
  /// @returns more than 0: there may be more; 0: that was the end; less: nothing now.
  ssize_t read(int fd);

  const std::string& text() const { return current_.empty() ? last_ : current_; }

private:
  std::string current_;
  std::string last_;
};

} // namespace cafbus
