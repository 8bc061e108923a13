#include "actors/queue_budget.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace cafbus {

namespace {

/// The level to which the largest must be cut so that `excess` goes: water is let out of the highest columns only.
/// @param sizes In falling order, together at least `excess`.
size_t common_level(const std::vector<size_t>& sizes, size_t excess) {
  size_t above = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    above += sizes[i];
    auto next = i + 1 == sizes.size() ? 0 : sizes[i + 1];
    if (above >= excess && (above - excess) / (i + 1) >= next)
      return (above - excess) / (i + 1);
  }
  return 0;
}

} // namespace

void queue_budget::join(queue_holder& x) {
  std::lock_guard guard{mutex_};
  holders_.insert(&x);
}

void queue_budget::leave(queue_holder& x) {
  std::lock_guard guard{mutex_};
  holders_.erase(&x);
}

void queue_budget::cut() {
  std::lock_guard guard{mutex_};
  std::vector<size_t> sizes;
  size_t sum = 0;
  for (const auto* x : holders_) {
    sizes.push_back(x->waiting_bytes());
    sum += sizes.back();
  }
  const auto target = limit() - limit() / 16;
  if (sum <= target)
    return;
  std::sort(sizes.begin(), sizes.end(), std::greater<>{});
  const auto level = common_level(sizes, sum - target);
  for (auto* x : holders_)
    if (x->waiting_bytes() > level)
      x->shed(level);
}

} // namespace cafbus
