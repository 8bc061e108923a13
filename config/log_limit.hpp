#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace cafbus::log {

/// Lines that each `limit` lets through in a second; of the whole process, as the log is. At least 1. Any thread.
inline std::atomic<uint32_t> lines_per_second{1};

/// Lets some lines a second through for one cause, and counts what it holds back.
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
