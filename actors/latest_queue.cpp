#include "actors/latest_queue.hpp"

#include "messages/event_merge.hpp"

#include <deque>
#include <memory>
#include <utility>

namespace cafbus {

std::optional<event_range> latest_queue::put(const event_range& range, uint32_t i) {
  auto before = i - range.first;
  event_range one{range.batch, i, i + 1, range.seq + before, range.numbers, range.base};
  auto copy = std::make_shared<event_batch>(merge(std::deque{one}));
  events_.emplace(one.seq, event_range{std::move(copy), 0, 1, one.seq, {}});
  auto [known, is_new] = by_type_.try_emplace(range.batch->type(i), one.seq);
  if (is_new)
    return std::nullopt;
  auto older = events_.extract(std::exchange(known->second, one.seq));
  return std::move(older.mapped());
}

event_range latest_queue::pop_front() {
  auto result = std::move(events_.extract(events_.begin()).mapped());
  by_type_.erase(result.batch->type(result.first));
  return result;
}

} // namespace cafbus
