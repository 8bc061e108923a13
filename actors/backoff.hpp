#pragma once
#include <chrono>
#include <cstdint>
#include <random>

namespace cafbus {

/// Pauses between attempts: the first one, then twice as long each time up to the longest, each of them changed by up
/// to a fifth, so that those who failed together do not come back together.
class backoff {
public:
  /// @param seed The same seed gives the same pauses.
  backoff(std::chrono::nanoseconds first, std::chrono::nanoseconds longest, uint64_t seed);

  /// The pause before the next attempt, in whole milliseconds.
  std::chrono::milliseconds next();

  /// An attempt has worked: the next pause is the first one again.
  void reset() noexcept { pause_ = first_; }

private:
  std::chrono::nanoseconds first_;
  std::chrono::nanoseconds longest_;
  std::chrono::nanoseconds pause_;
  std::minstd_rand random_;
};

} // namespace cafbus
