#pragma once
#include <cstdint>
#include <ctime>

namespace cafbus::bench {

/// CLOCK_MONOTONIC in nanoseconds: the one clock of all processes of a run.
inline uint64_t now_ns() {
  timespec x{};
  ::clock_gettime(CLOCK_MONOTONIC, &x);
  return static_cast<uint64_t>(x.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(x.tv_nsec);
}

/// Returns at once if that moment has passed.
inline void sleep_until(uint64_t ns) {
  timespec x{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &x, nullptr);
}

} // namespace cafbus::bench
