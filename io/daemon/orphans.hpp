#pragma once
#include <string>

namespace cafbus {

/// Ends processes that the commands of a killed daemon have left. The kernel ends shells with their daemon; the next
/// daemon of the app finds the processes that they have started by a mark in the environment: a random number, which is
/// also in a file of the app's folder while the daemon runs. A process that has moved to a session of its own (setsid)
/// has left on purpose and is not ended.
class orphan_mark {
public:
  orphan_mark() = default;

  /// Ends the processes that the last daemon has left, if it was killed: SIGTERM, a second later SIGKILL; blocks
  /// meanwhile. Then writes our own mark to the file. If that fails, there is no mark.
  /// @pre the app's lock is held
  explicit orphan_mark(std::string path);

  /// CAFBUS_DAEMON=..., for the environment of commands.
  const std::string& variable() const noexcept { return variable_; }

  /// To be called once all commands have ended.
  void remove() const;

private:
  std::string path_;
  std::string variable_;
};

} // namespace cafbus
