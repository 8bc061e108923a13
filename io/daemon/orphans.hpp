#pragma once
#include <string>

namespace cafbus {

/// What a daemon that is killed leaves running of its commands is found and ended by the next one of the app. Shells
/// end with their daemon, by the kernel; what they have started themselves is told by a mark in its environment that
/// nobody else can have: a random number, which stands in the app's folder while the daemon lives. A process that has
/// made itself a session of its own (setsid) has left on purpose and is let alone.
class orphan_mark {
public:
  orphan_mark() = default;

  /// Ends what the last daemon has left, if it was killed: SIGTERM, a second later SIGKILL; blocks meanwhile. Then
  /// writes a mark of our own down. Without a file, for whatever reason, there is no mark.
  /// @pre the app's lock is held
  explicit orphan_mark(std::string path);

  /// CAFBUS_DAEMON=..., for the environment of commands.
  const std::string& variable() const noexcept { return variable_; }

  /// All commands have ended: there is nothing to be found.
  void remove() const;

private:
  std::string path_;
  std::string variable_;
};

} // namespace cafbus
