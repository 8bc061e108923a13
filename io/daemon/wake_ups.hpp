#pragma once
#include "base/unique_fd.hpp"
#include "config/reload_result.hpp"
#include "io/daemon/folder_watch.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

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

  /// The same: a client asks for the configuration to be read again.
  void reload_asked(reload_answer answer);

  /// Those who wait for the next reload.
  std::vector<reload_answer> take_reloads();

  /// What the main thread does between signals.
  struct chores {
    std::function<void()> look;         ///< At its files: now and then, and soon after a change.
    std::function<void()> on_stop;      ///< Once, when the bus has begun to stop.
    std::function<void()> on_beat = {}; ///< Every `beat`, if that is not 0.
    std::chrono::nanoseconds beat{0};
    std::function<void()> on_settled = {}; ///< At the first look after each of `settle_delays`.

    /// From the start to when whoever has started the bus is served, most likely, and to when the time limits of its
    /// hello and its request (5 s) have passed, which bring back code that is seldom needed again, and what the linker
    /// reads to find it.
    std::array<std::chrono::nanoseconds, 2> settle_delays{std::chrono::milliseconds{500}, std::chrono::seconds{10}};
  };

  /// Blocks. @returns the signal that came, or 0 when the bus has ended. A client that asks for a reload counts as
  /// SIGHUP.
  int wait(folder_watch& watch, const chores& todo);

private:
  void on_bus(const chores& todo);
  bool has_reloads();
  void settle(const chores& todo);
  std::chrono::nanoseconds until_beat(const chores& todo);
  void wake() const;

  unique_fd signals_; // a signalfd
  unique_fd bus_;     // an eventfd: one of the flags has changed
  std::atomic<bool> stops_ = false;
  std::atomic<bool> ended_ = false;
  std::mutex mutex_;
  std::vector<reload_answer> reloads_; // guarded by it; as many as there are connections that ask
  bool stop_seen_ = false;
  size_t settled_ = 0; // how many of `settle_delays` have passed
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point next_beat_{};
};

} // namespace cafbus
