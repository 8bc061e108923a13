#pragma once
#include <algorithm>
#include <chrono>
#include <optional>

namespace cafbus {

/// Whether somebody answers what was sent to him within a limit. Needs one timer at a time. Pure.
class stall_watch {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::nanoseconds;

  /// Longest limit, so that no sum of times overflows.
  static constexpr duration longest = std::chrono::hours{365 * 24};

  /// @param limit 0: none.
  explicit stall_watch(duration limit) noexcept : limit_{std::min(limit, longest)} {}

  bool has_limit() const noexcept { return limit_.count() != 0; }

  /// Something is on its way to him. @returns when to `look`, unless that is arranged. @pre `has_limit`
  std::optional<duration> sent(time_point now) noexcept {
    sent_at_ = now;
    is_excused_ = false;
    if (is_arranged_)
      return std::nullopt;
    is_arranged_ = true;
    return limit_;
  }

  void answered() noexcept { sent_at_.reset(); }

  struct verdict {
    bool stalled = false;
    std::optional<duration> look_again = {};
  };

  /// The time that `sent` or `look` gave is over.
  verdict look(time_point now) noexcept {
    is_arranged_ = false;
    if (!sent_at_)
      return {};
    auto left = limit_ - (now - *sent_at_);
    // Where the whole process has stood still, its clock went on, and he had no time to answer.
    if (left.count() <= 0 && -left > limit_ / 4 && !is_excused_) {
      is_excused_ = true;
      left = limit_ / 4;
    }
    if (left.count() <= 0)
      return {.stalled = true};
    is_arranged_ = true;
    return {.look_again = left};
  }

private:
  duration limit_;
  std::optional<time_point> sent_at_; // none: he has answered
  bool is_arranged_ = false;          // a look is to come
  bool is_excused_ = false;           // for what was sent last
};

} // namespace cafbus
