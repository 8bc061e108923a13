#include "actors/history.hpp"

#include "messages/event_merge.hpp"

#include <algorithm>
#include <memory>

namespace cafbus {

namespace {

/// Of a batch beside what its members hold: itself, its count of users and its place here.
constexpr size_t fixed_bytes = sizeof(event_batch) + sizeof(history::entry) + 64;

/// A batch of which less than this share is kept is copied: what is copied is then paid for by what came in.
constexpr size_t least_share = 4;

template <class T>
size_t capacity_bytes(const std::vector<T>& x) {
  return x.capacity() * sizeof(T);
}

} // namespace

size_t held_bytes(const event_batch& x) {
  auto result = fixed_bytes + x.bytes.capacity() + capacity_bytes(x.slots) + capacity_bytes(x.types) +
                capacity_bytes(x.origins) + capacity_bytes(x.positions);
  for (const auto& type : x.types)
    if (type.capacity() > std::string{}.capacity()) // else it lies in the string itself
      result += type.capacity();
  return result;
}

void history::set_bounds(bounds x, time_point now) {
  bounds_ = x;
  trim(now);
}

void history::clear() {
  while (!entries_.empty())
    pop_front();
}

void history::keep(const event_batch_ptr& batch, std::span<const event_span> fresh, uint64_t base, bool has_unclaimed,
                   time_point now) {
  if (fresh.empty())
    return;
  if (!is_on()) {
    last_gone_ = base + fresh.back().last - 1;
    return;
  }
  size_t needed = fixed_bytes;
  for (auto x : fresh)
    needed += batch->bytes_of(x.first, x.last) + (x.last - x.first) * sizeof(event_batch::slot);
  if (needed * least_share < held_bytes(*batch)) {
    std::deque<event_range> ranges;
    for (auto x : fresh)
      ranges.push_back({batch, x.first, x.last, 0, {}, base});
    auto copy = std::make_shared<const event_batch>(merge(ranges));
    const auto size = static_cast<uint32_t>(copy->size());
    add({std::move(copy), 0, size}, has_unclaimed, now);
  } else {
    for (auto x : fresh)
      add({batch, x.first, x.last, 0, {}, base}, has_unclaimed, now);
  }
  trim(now);
}

void history::add(event_range range, bool has_unclaimed, time_point now) {
  if (entries_.empty() || entries_.back().events.batch != range.batch)
    bytes_ += held_bytes(*range.batch);
  else
    bytes_ += sizeof(entry);
  events_ += range.size();
  unclaimed_ += has_unclaimed ? 1 : 0;
  entries_.push_back({std::move(range), now, has_unclaimed});
}

const std::deque<history::entry>& history::entries(time_point now) {
  trim(now);
  return entries_;
}

void history::trim(time_point now) {
  const auto is_old = [&](const entry& x) { return bounds_.age.count() != 0 && now - x.at > bounds_.age; };
  while (!entries_.empty() && (!is_on() || bytes_ > bounds_.bytes || is_old(entries_.front())))
    pop_front();
  while (events_ > bounds_.events) {
    auto& front = entries_.front().events;
    const auto surplus = events_ - bounds_.events;
    if (surplus >= front.size()) {
      pop_front();
    } else {
      front.first += static_cast<uint32_t>(surplus);
      events_ -= surplus;
      last_gone_ = front.position(front.first - 1);
    }
  }
}

void history::pop_front() {
  auto gone = std::move(entries_.front());
  entries_.pop_front();
  events_ -= gone.events.size();
  unclaimed_ -= gone.has_unclaimed ? 1 : 0;
  last_gone_ = gone.events.position(gone.events.last - 1);
  const auto& batch = gone.events.batch;
  bytes_ -= entries_.empty() || entries_.front().events.batch != batch ? held_bytes(*batch) : sizeof(entry);
}

} // namespace cafbus
