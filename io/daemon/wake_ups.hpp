#pragma once
#include "base/unique_fd.hpp"
#include "io/daemon/folder_watch.hpp"

#include <atomic>
#include <functional>

namespace cafbus {

/// What the daemon's main thread waits for: signals, the bus, and changes of its files.
class wake_ups {
public:
  /// Blocks SIGINT, SIGTERM and SIGHUP for this thread and those that it starts, but for those that are ignored.
  wake_ups();

  bool good() const { return signals_ && bus_; }

  /// For the bus's actors, from their threads: it has begun to stop; it has ended.
  void bus_stops();
  void bus_ended();

  /// What the main thread does between signals.
  struct chores {
    std::function<void()> look;    ///< At its files: now and then, and soon after a change.
    std::function<void()> on_stop; ///< Once, when the bus has begun to stop.
  };

  /// Blocks. @returns the signal that came, or 0 when the bus has ended.
  int wait(folder_watch& watch, const chores& todo);

private:
  void on_bus(const chores& todo);
  void wake() const;

  unique_fd signals_; // a signalfd
  unique_fd bus_;     // an eventfd: one of the flags has changed
  std::atomic<bool> stops_ = false;
  std::atomic<bool> ended_ = false;
  bool stop_seen_ = false;
};

} // namespace cafbus
