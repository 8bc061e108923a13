#pragma once
#include "base/result.hpp"
#include "config/log_line.hpp"

#include <memory>
#include <string>

namespace cafbus::log {

/// Where lines go. Used by one thread at a time.
class output {
public:
  virtual ~output() = default;

  /// Makes it ready, and once more whenever the log is asked to reopen. If that fails, what was open before stays.
  virtual result<void> open() = 0;

  /// What cannot be written is lost.
  virtual void write(const record& x) = 0;
};

/// The file at `path` (0600), rotated.
std::shared_ptr<output> file_output(const std::string& path, format how);

/// A descriptor that stays somebody else's, such as standard error. If its reader takes nothing for a second, lines are
/// lost until it does: a reader that has stopped must not keep the process from ending.
std::shared_ptr<output> stream_output(int fd, format how);

} // namespace cafbus::log
