#pragma once
#include "base/deadline.hpp"
#include "io/client/client.hpp"
#include "io/daemon/instance.hpp"

#include <optional>

namespace cafbus {

/// Asks a bus for its status without waiting for the answer, so that its caller can serve a keyboard meanwhile.
class status_poller {
public:
  explicit status_poller(app_paths paths) : paths_(std::move(paths)) {}

  /// Asks, unless an answer is awaited. @returns what can be said at once, if there is no bus to ask.
  std::optional<instance_view> ask();

  /// For poll() with POLLIN; -1: no answer is awaited.
  int fd() const noexcept { return bus_ ? bus_->fd() : -1; }

  /// Reads what has come. @returns the answer when it is complete, or why there will be none.
  std::optional<instance_view> read();

private:
  std::optional<instance_view> give_up();

  app_paths paths_;
  std::optional<client> bus_; // while an answer is awaited
  std::optional<deadline> until_;
};

} // namespace cafbus
