#pragma once
#include "messages/frames.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace cafbus {

/// When a consumer tells the bus what became of its events: at its start, then once a second at most and only if
/// something has changed.
class stats_teller {
public:
  using clock = std::chrono::steady_clock;

  static constexpr std::chrono::seconds pace{1};

  /// @returns the frame to be sent, mostly empty.
  std::string progress(const consumer_stats& x, clock::time_point now);

  /// When `progress` is to be called although nothing happens.
  std::optional<clock::time_point> due() const;

private:
  std::optional<consumer_stats> told_;
  bool changed_ = false;
  clock::time_point next_{};
};

} // namespace cafbus
