#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

namespace cafbus::log {

/// Lines per second that each `limit` passes; one value for the process, as there is one log. At least 1. Any thread.
inline std::atomic<uint32_t> lines_per_second{1};

/// So many at least where lines are part of normal use: consumers that come and go.
inline constexpr uint32_t usual_lines_per_second = 20;

/// Passes some lines per second for one cause, and counts the others.
class limit {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @param least Lines per second, if `lines_per_second` is not more.
  explicit limit(uint32_t least = 1) : least_{least} {}

  /// @returns how often this was asked since the last line, this time included, if a line may be written now.
  std::optional<uint64_t> pass(time_point now) {
    ++held_back_;
    if (now >= next_) {
      next_ = now + std::chrono::seconds{1};
      written_ = 0;
    }
    if (written_ >= std::max(least_, lines_per_second.load(std::memory_order_relaxed)))
      return std::nullopt;
    ++written_;
    auto result = held_back_;
    held_back_ = 0;
    return result;
  }

private:
  uint32_t least_;
  time_point next_{};
  uint32_t written_ = 0; // in the second that ends at `next_`
  uint64_t held_back_ = 0;
};

/// The same for a cause that several threads have.
class shared_limit {
public:
  explicit shared_limit(uint32_t least = 1) : limit_{least} {}

  std::optional<uint64_t> pass(limit::time_point now) {
    std::lock_guard guard{mutex_};
    return limit_.pass(now);
  }

private:
  std::mutex mutex_;
  limit limit_;
};

} // namespace cafbus::log
