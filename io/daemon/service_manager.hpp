#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace cafbus {

/// The service manager that has started this process, by the protocol of sd_notify(3) and sd_listen_fds(3). Without
/// one, nothing is sent. Made by the main thread before there are others; the rest from any thread.
class service_manager {
public:
  /// Sends one message, `VARIABLE=value` on lines.
  using sender = std::function<void(const std::string& message)>;

  /// No manager.
  service_manager() = default;

  /// For tests. @param watchdog Time within which a sign of life must come; none: never.
  explicit service_manager(sender send, std::optional<std::chrono::microseconds> watchdog = {});

  /// The one that the environment names, NOTIFY_SOCKET and WATCHDOG_USEC, or none. Fails if there is one and libsystemd
  /// is not.
  static result<service_manager> find();

  /// How often `alive` should be called: twice within the time that the manager gives. None: never.
  std::optional<std::chrono::microseconds> beat() const;

  void ready(const std::string& status) const;
  void reloading() const;
  void stopping(const std::string& reason) const;
  void alive(const std::string& status) const;

private:
  void send(const std::string& message) const;

  sender send_;
  std::optional<std::chrono::microseconds> watchdog_;
};

/// The listening socket that a socket unit has passed to this process, if any; see sd_listen_fds(3). Its owner is the
/// service manager, which listens on when we have ended: nobody here may remove its file or shut it down.
/// @param path Where the bus has to listen. Fails if several were passed, or one that is not a Unix stream socket that
/// listens there, is not ours or can be used by others.
result<unique_fd> inherited_listener(const std::string& path, int backlog);

} // namespace cafbus
