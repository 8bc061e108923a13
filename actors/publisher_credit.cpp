#include "actors/publisher_credit.hpp"

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

publisher_credit::to_do publisher_credit::hold(ticket batch, int64_t pid, consumer_id consumer, time_point now) {
  auto i = consumers_.find(consumer);
  if (i == consumers_.end() || i->second.spent)
    return {};
  auto& x = i->second;
  x.batches.push_back(batch);
  auto& held = held_[batch];
  held.pid = pid;
  ++held.waits_for;
  if (x.asked)
    return {};
  x.asked = now;
  return {true, std::exchange(x.timer, true) ? std::nullopt : std::optional{x.limit}};
}

void publisher_credit::has_room(consumer_id x) {
  auto i = consumers_.find(x);
  if (i == consumers_.end())
    return;
  i->second.asked.reset();
  i->second.spent = false;
  release(i->second);
}

std::optional<std::chrono::nanoseconds> publisher_credit::look(consumer_id x, time_point now) {
  auto i = consumers_.find(x);
  if (i == consumers_.end())
    return std::nullopt;
  auto& [limit, asked, timer, spent, batches] = i->second;
  if (timer = asked && !spent && now < *asked + limit; timer)
    return *asked + limit - now;
  if (asked) {
    spent = true;
    release(i->second);
  }
  return std::nullopt;
}

void publisher_credit::release_all() {
  for (auto& [id, x] : consumers_)
    release(x);
}

std::vector<int64_t> publisher_credit::waiting_for(consumer_id x) const {
  std::vector<int64_t> result;
  if (auto i = consumers_.find(x); i != consumers_.end())
    for (auto batch : i->second.batches)
      result.push_back(held_.find(batch)->second.pid);
  return result;
}

void publisher_credit::release(consumer& x) {
  for (auto batch : x.batches) {
    auto i = held_.find(batch);
    if (--i->second.waits_for != 0)
      continue;
    held_.erase(i);
    released_.push_back(batch);
  }
  x.batches.clear();
}

} // namespace cafbus
