#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cafbus::bench {

/// Of the runs of one peer, or of the ratios of the pairs.
struct spread {
  double median = 0;
  double min = 0;
  double max = 0;
};

/// @param values At least one.
spread spread_of(std::vector<double> values);

/// Counts durations in buckets that are at most 0.8 % wide: percentiles of any number of them in a fixed space.
/// Not thread-safe.
class latencies {
public:
  void add(uint64_t ns) noexcept {
    ++counts_[bucket(ns)];
    ++total_;
    max_ = ns > max_ ? ns : max_;
  }

  void clear() noexcept { *this = {}; }
  uint64_t count() const noexcept { return total_; }
  uint64_t max_ns() const noexcept { return max_; }
  /// @param share 0.5 for the median. @returns nanoseconds, 0 if there are none.
  uint64_t at(double share) const noexcept;

private:
  static constexpr unsigned fine_bits = 7;

  static size_t bucket(uint64_t ns) noexcept;
  static uint64_t middle_of(size_t bucket) noexcept;

  std::array<uint64_t, (64 - fine_bits + 1) << fine_bits> counts_{};
  uint64_t total_ = 0;
  uint64_t max_ = 0;
};

} // namespace cafbus::bench
