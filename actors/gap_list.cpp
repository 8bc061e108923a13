#include "actors/gap_list.hpp"

#include <iterator>

namespace cafbus {

void gap_list::add(uint64_t first, uint64_t last, gap_reason reason) {
  auto after = holes_.lower_bound(first);
  auto here = holes_.end();
  if (after != holes_.begin()) {
    auto before = std::prev(after);
    if (before->second.last + 1 == first && are_one(before->second, reason)) {
      before->second.last = last;
      here = before;
    }
  }
  if (here == holes_.end())
    here = holes_.emplace_hint(after, first, hole{last, reason});
  if (after != holes_.end() && after->first == last + 1 && are_one(here->second, after->second.reason)) {
    here->second.last = after->second.last;
    holes_.erase(after);
  }
}

std::vector<gap_frame> gap_list::take_before(uint64_t seq) {
  std::vector<gap_frame> result;
  auto end = holes_.lower_bound(seq);
  for (auto i = holes_.begin(); i != end; ++i)
    result.push_back({i->first, i->second.last, i->second.last - i->first + 1, i->second.reason});
  holes_.erase(holes_.begin(), end);
  return result;
}

} // namespace cafbus
