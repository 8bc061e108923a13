#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace cafbus::log {

/// Lines per second that each `limit` passes; one value for the process, as there is one log. At least 1. Any thread.
inline std::atomic<uint32_t> lines_per_second{1};

/// Passes some lines per second for one cause, and counts the others.
class limit {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @returns how often this was asked since the last line, this time included, if a line may be written now.
  std::optional<uint64_t> allow(time_point now) {
    ++held_back_;
    if (now >= next_) {
      next_ = now + std::chrono::seconds{1};
      written_ = 0;
    }
    if (written_ >= lines_per_second)
      return std::nullopt;
    ++written_;
    auto result = held_back_;
    held_back_ = 0;
    return result;
  }

private:
  time_point next_{};
  uint32_t written_ = 0; // in the second that ends at `next_`
  uint64_t held_back_ = 0;
};

} // namespace cafbus::log
