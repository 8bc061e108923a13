#include "actors/publisher_credit.hpp"

#include <algorithm>

namespace cafbus {

void publisher_credit::add(consumer_id x, std::chrono::nanoseconds limit) {
  consumers_[x].limit = limit;
}

void publisher_credit::remove(consumer_id x) {
  auto i = consumers_.find(x);
  if (i == consumers_.end())
    return;
  release(i->second);
  consumers_.erase(i);
}

/// @returns whether there is room for more after it.
bool publisher_credit::spend(consumer& x, const room& sent) {
  const auto has_more = sent.events < x.left.events && sent.bytes < x.left.bytes;
  x.left = has_more ? room{x.left.events - sent.events, x.left.bytes - sent.bytes} : room{};
  return has_more;
}

publisher_credit::to_do publisher_credit::hold(ticket batch, const publisher& whose, consumer_id consumer,
                                               const room& sent, time_point now) {
  auto i = consumers_.find(consumer);
  if (i == consumers_.end() && whose.limit.count() == 0)
    return {};
  auto& x = i == consumers_.end() ? consumers_[consumer] : i->second;
  if (spend(x, sent))
    return {};
  const auto until = x.asked.value_or(now) + std::max(x.limit, whose.limit);
  if (until <= now)
    return {};
  x.batches.push_back({batch, until});
  auto& held = held_[batch];
  held.pid = whose.pid;
  ++held.waits_for;
  to_do result;
  result.ask = !x.asked;
  x.asked = x.asked.value_or(now);
  if (!x.timer || until < *x.timer) {
    x.timer = until;
    result.timer = until - now;
  }
  return result;
}

void publisher_credit::has_room(consumer_id x, const room& left) {
  auto i = consumers_.find(x);
  if (i == consumers_.end())
    return;
  i->second.left = left;
  i->second.asked.reset();
  release(i->second);
}

std::optional<std::chrono::nanoseconds> publisher_credit::look(consumer_id id, time_point now) {
  auto i = consumers_.find(id);
  if (i == consumers_.end())
    return std::nullopt;
  auto& x = i->second;
  if (x.timer && *x.timer > now)
    return std::nullopt; // a later look is on its way
  x.timer.reset();
  std::erase_if(x.batches, [&](const waiting& y) {
    if (y.until > now)
      return false;
    release(y.batch);
    return true;
  });
  for (const auto& y : x.batches)
    x.timer = std::min(x.timer.value_or(y.until), y.until);
  if (x.timer)
    return *x.timer - now;
  if (x.limit.count() == 0 && !x.asked)
    consumers_.erase(i);
  return std::nullopt;
}

void publisher_credit::release_all() {
  for (auto& [id, x] : consumers_)
    release(x);
}

std::vector<int64_t> publisher_credit::waiting_for(consumer_id x) const {
  std::vector<int64_t> result;
  if (auto i = consumers_.find(x); i != consumers_.end())
    for (const auto& batch : i->second.batches)
      result.push_back(held_.find(batch.batch)->second.pid);
  return result;
}

void publisher_credit::release(consumer& x) {
  for (const auto& waits : x.batches)
    release(waits.batch);
  x.batches.clear();
}

void publisher_credit::release(ticket x) {
  auto i = held_.find(x);
  if (--i->second.waits_for != 0)
    return;
  held_.erase(i);
  released_.push_back(x);
}

room size_of(const event_batch& batch, std::span<const event_span> spans) {
  room result;
  for (auto [first, last] : spans) {
    result.events += last - first;
    result.bytes += batch.bytes_of(first, last);
  }
  return result;
}

} // namespace cafbus
