#include "actors/mailbox_bounds.hpp"

#include <algorithm>
#include <utility>

namespace cafbus {

void limit_wishes(consumer_info& who, const runtime_limits& limits) {
  who.queue_capacity = std::min<uint64_t>(who.queue_capacity, limits.queue_capacity);
  who.queue_bytes = std::min<uint64_t>(who.queue_bytes, limits.queue_bytes);
  if (who.block_time.count() <= 0)
    who.block_time = defaults::block_time;
  who.block_time = std::min<std::chrono::nanoseconds>(who.block_time, defaults::max_block_time);
}

mailbox_bounds with_wishes(mailbox_bounds of_bus, const consumer_info& who) {
  auto result = std::move(of_bus);
  result.tell_gaps = who.tell_gaps;
  result.cursors = who.cursors || who.replay;
  result.policy = who.policy;
  auto at_most = [](uint64_t wish, size_t most) { return wish == 0 ? most : std::min<uint64_t>(wish, most); };
  const auto events = at_most(who.queue_capacity, result.events);
  const auto bytes = at_most(who.queue_bytes, result.bytes);
  if (who.policy != queue_policy::block) {
    result.events = events;
    result.bytes = bytes;
  }
  result.full_events = std::min(events, std::max<size_t>(result.events / 2, 1));
  result.full_bytes = std::min(bytes, result.bytes / 2);
  return result;
}

mailbox_bounds bounds_of(const runtime_limits& limits, std::shared_ptr<queue_budget> budget) {
  return {limits.queue_capacity, limits.queue_bytes, defaults::delivery_bytes, std::move(budget)};
}

} // namespace cafbus
