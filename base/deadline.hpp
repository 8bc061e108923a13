#pragma once
#include <chrono>

namespace cafbus {

/// `x` for poll(), rounded up, so that no caller spins through the last millisecond: 0 if it is over, at most an hour.
int poll_ms(std::chrono::nanoseconds x) noexcept;

/// Blocks this thread, signals or not. Not for actors.
void sleep_for(std::chrono::nanoseconds x) noexcept;

/// A moment in the future, by the steady clock, until which something may take.
class deadline {
public:
  using clock = std::chrono::steady_clock;

  /// @param timeout From now. Below zero: it is over. More than a year counts as one, so that no clock overflows.
  explicit deadline(std::chrono::nanoseconds timeout) noexcept;

  /// Not below zero.
  std::chrono::nanoseconds left() const noexcept;
  bool is_over() const noexcept { return left() == std::chrono::nanoseconds::zero(); }

  /// What is left, for poll().
  int left_ms() const noexcept { return poll_ms(left()); }

private:
  clock::time_point at_;
};

/// Waits until `fd` is ready for `events` of poll(), has an error or a hang-up. Interrupted by no signal.
/// @returns the events that came; 0 if `until` is over first; -1 with errno if it cannot be waited for.
int wait_for(int fd, short events, const deadline& until) noexcept;

} // namespace cafbus
