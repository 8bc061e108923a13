#include "actors/backoff.hpp"

#include <algorithm>

namespace cafbus {

namespace {

/// The jitter in percent, either way.
constexpr int jitter = 20;

} // namespace

backoff::backoff(std::chrono::nanoseconds first, std::chrono::nanoseconds longest, uint64_t seed)
  : first_{first}, longest_{longest}, pause_{first}, random_{static_cast<std::minstd_rand::result_type>(seed)} {}

std::chrono::milliseconds backoff::next() {
  auto percent = 100 - jitter + static_cast<int>(random_() % (2 * jitter + 1));
  auto result = std::chrono::duration_cast<std::chrono::milliseconds>(pause_ * percent / 100);
  pause_ = std::min(2 * pause_, longest_);
  return result;
}

} // namespace cafbus
