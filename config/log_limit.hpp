#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

namespace cafbus::log {

/// Lets one line a second through for one cause, and counts what it holds back.
class limit {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @returns how often this was asked since the last line, this time included, if a line may be written now.
  std::optional<uint64_t> allow(time_point now) {
    ++held_back_;
    if (now < next_)
      return std::nullopt;
    next_ = now + std::chrono::seconds{1};
    auto result = held_back_;
    held_back_ = 0;
    return result;
  }

private:
  time_point next_{};
  uint64_t held_back_ = 0;
};

} // namespace cafbus::log
