#include "actors/dedup_window.hpp"

#include <algorithm>
#include <functional>

// Each event with an id comes by here, and with a full window each is one look-up, one removal and one insertion. A
// std::unordered_map of that size took a quarter of the daemon's time, most of it waiting for memory: so the index is
// one array, in which neighbours lie side by side, and an id is hashed once.

namespace cafbus {

namespace {

constexpr size_t first_table = 1'024;

uint32_t hash_of(std::string_view id) noexcept {
  const uint64_t x = std::hash<std::string_view>{}(id);
  return static_cast<uint32_t>(x ^ (x >> 32));
}

} // namespace

dedup_window::dedup_window(size_t capacity, std::chrono::nanoseconds ttl)
  : capacity_{std::min<size_t>(capacity, nothing / 4)}, ttl_{ttl} {}

bool dedup_window::claim(std::string_view id, time_point now) {
  return claim(key{id, hash_of(id)}, now);
}

bool dedup_window::claim(const key& x, time_point now) {
  const auto [id, hash] = x;
  if (id.empty() || capacity_ == 0)
    return true;
  if (const auto i = find(id, hash); i != nothing) {
    auto& known = ring_[i];
    if (now - known.since < ttl_)
      return false;
    known.since = now; // keeps its place in the ring: at worst it is forgotten a little early
    return true;
  }
  add(id, hash, now);
  return true;
}

dedup_window::key dedup_window::prefetch(std::string_view id) const noexcept {
  const key result{id, hash_of(id)};
  if (id.empty() || table_.empty())
    return result;
  const auto mask = table_.size() - 1;
  __builtin_prefetch(&table_[result.hash & mask], 1);
  if (ring_.size() == capacity_)
    __builtin_prefetch(&table_[ring_[(next_ + claims_ahead) % capacity_].hash & mask], 1); // the oldest by then
  return result;
}

void dedup_window::add(std::string_view id, uint32_t hash, time_point now) {
  if (ring_.size() < capacity_) {
    if (2 * (ring_.size() + 1) > table_.size())
      grow();
    if (ring_.capacity() == 0)
      ring_.reserve(capacity_); // on the first id, so that a bus without ids pays nothing
    ring_.push_back({std::string{id}, now, hash});
    insert(static_cast<uint32_t>(ring_.size() - 1));
    return;
  }
  const auto place = static_cast<uint32_t>(next_);
  auto& oldest = ring_[place];
  if (oldest.id.capacity() < id.size())
    oldest.id.reserve(id.size()); // before anything is changed: there may be no memory
  erase(place);
  oldest.id.assign(id);
  if (oldest.id.capacity() > 4 * id.size() + 64)
    oldest.id.shrink_to_fit(); // one long id must not hold its memory for ever
  oldest.since = now;
  oldest.hash = hash;
  insert(place);
  next_ = (next_ + 1) % capacity_;
}

uint32_t dedup_window::find(std::string_view id, uint32_t hash) const noexcept {
  if (table_.empty())
    return nothing;
  for (auto i = hash & (table_.size() - 1); table_[i].entry != nothing; i = after(i))
    if (table_[i].hash == hash && ring_[table_[i].entry].id == id)
      return table_[i].entry;
  return nothing;
}

/// @pre a place is free.
void dedup_window::insert(uint32_t entry) noexcept {
  const auto hash = ring_[entry].hash;
  auto i = hash & (table_.size() - 1);
  while (table_[i].entry != nothing)
    i = after(i);
  table_[i] = {entry, hash};
}

/// What stands behind it moves up, as far as its hash lets it, so that no look-up ends at a gap.
void dedup_window::erase(uint32_t entry) noexcept {
  const auto mask = table_.size() - 1;
  auto gap = ring_[entry].hash & mask;
  while (table_[gap].entry != entry)
    gap = after(gap);
  for (auto i = after(gap); table_[i].entry != nothing; i = after(i)) {
    const auto from_home = (i - table_[i].hash) & mask;
    if (from_home >= ((i - gap) & mask)) {
      table_[gap] = table_[i];
      gap = i;
    }
  }
  table_[gap] = {};
}

void dedup_window::grow() {
  table_ = std::vector<place>(std::max(first_table, 2 * table_.size()));
  for (size_t i = 0; i < ring_.size(); ++i)
    insert(static_cast<uint32_t>(i));
}

} // namespace cafbus
