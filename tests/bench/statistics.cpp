#include "bench/statistics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace cafbus::bench {

spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  auto n = values.size();
  return {(values[(n - 1) / 2] + values[n / 2]) / 2, values.front(), values.back()};
}

size_t latencies::bucket(uint64_t ns) noexcept {
  if (ns < (1U << fine_bits))
    return ns;
  auto shift = static_cast<unsigned>(std::bit_width(ns)) - fine_bits - 1;
  return (static_cast<size_t>(shift + 1) << fine_bits) + ((ns >> shift) - (1U << fine_bits));
}

uint64_t latencies::middle_of(size_t bucket) noexcept {
  if (bucket < (1U << fine_bits))
    return bucket;
  auto shift = (bucket >> fine_bits) - 1;
  auto begin = ((bucket & ((1U << fine_bits) - 1)) + (1U << fine_bits)) << shift;
  return begin + ((uint64_t{1} << shift) >> 1);
}

uint64_t latencies::at(double share) const noexcept {
  if (total_ == 0)
    return 0;
  auto wanted = std::max<uint64_t>(1, static_cast<uint64_t>(std::llround(share * static_cast<double>(total_))));
  uint64_t seen = 0;
  for (size_t i = 0; i < counts_.size(); ++i)
    if ((seen += counts_[i]) >= wanted)
      return std::min(middle_of(i), max_);
  return max_;
}

} // namespace cafbus::bench
