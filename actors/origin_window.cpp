#include "actors/origin_window.hpp"

#include "config/defaults.hpp"

#include <algorithm>

namespace cafbus {

bool origin_window::claim(const event_origin& x) {
  if (x.node == self_)
    return false;
  auto& entry = latest_[x.node];
  entry.used = ++claims_;
  if (x.number <= entry.number)
    return false;
  entry.number = x.number;
  if (latest_.size() > defaults::max_origins)
    latest_.erase(std::min_element(latest_.begin(), latest_.end(),
                                   [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  return true;
}

} // namespace cafbus
