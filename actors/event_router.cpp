#include "actors/event_router.hpp"

#include "config/defaults.hpp"

#include <algorithm>

namespace cafbus {

void event_router::add(subscriber_id id, const std::vector<std::string>& types) {
  uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<uint32_t>(slots_.size());
    slots_.push_back({});
    types_.push_back({});
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  slots_[slot].subscriber = id;
  slot_of_.emplace(id, slot);
  for (const auto& type : types) {
    auto& list = index_[type];
    if (!list.empty() && list.back() == slot)
      continue; // named twice
    list.push_back(slot);
    types_[slot].push_back(type);
  }
}

void event_router::remove(subscriber_id id) {
  auto i = slot_of_.find(id);
  if (i == slot_of_.end())
    return;
  auto slot = i->second;
  slot_of_.erase(i);
  for (const auto& type : types_[slot]) {
    auto entry = index_.find(type);
    std::erase(entry->second, slot);
    if (entry->second.empty())
      index_.erase(entry);
  }
  types_[slot] = {};
  slots_[slot] = {};
  free_.push_back(slot);
}

std::span<const event_router::route> event_router::routes(const event_batch& batch, dedup_window::time_point now) {
  resolved_.clear();
  for (const auto& type : batch.types) {
    auto i = index_.find(type);
    resolved_.push_back(i == index_.end() ? nullptr : &i->second);
  }
  missed_.assign(batch.types.size(), 0);
  const auto relayed = !batch.origins.empty();
  run current;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    auto type = batch.slots[i].type;
    if (!resolved_[type]) {
      ++missed_[type];
    } else if ((relayed && !origins_.claim(batch.origins[i])) || !dedup_.claim(batch.id(i), now)) {
      ++counters_.duplicates;
    } else if (current.type == type && current.span.last == i && current.span.first != i) {
      ++current.span.last;
    } else {
      flush(current);
      current = {type, {i, i + 1}};
    }
  }
  flush(current);
  counters_.ingress += batch.size();
  for (size_t type = 0; type < missed_.size(); ++type)
    if (missed_[type] > 0)
      count_unmatched(batch.types[type], missed_[type]);
  auto count = touched_.size();
  if (result_.size() < count)
    result_.resize(count);
  for (size_t i = 0; i < count; ++i) {
    auto& from = slots_[touched_[i]];
    result_[i].subscriber = from.subscriber;
    result_[i].spans.clear();
    result_[i].spans.swap(from.spans); // both keep their capacity, so that neither allocates again
  }
  touched_.clear();
  return {result_.data(), count};
}

void event_router::flush(const run& x) {
  auto [first, last] = x.span;
  if (first == last)
    return;
  counters_.matched += last - first;
  for (auto slot : *resolved_[x.type]) {
    auto& spans = slots_[slot].spans;
    if (spans.empty())
      touched_.push_back(slot);
    if (!spans.empty() && spans.back().last == first)
      spans.back().last = last;
    else
      spans.push_back({first, last});
  }
}

void event_router::count_unmatched(const std::string& type, uint64_t count) {
  counters_.unmatched += count;
  auto i = std::find_if(unmatched_.begin(), unmatched_.end(), [&](const auto& x) { return x.event_type == type; });
  if (i == unmatched_.end()) {
    if (unmatched_.size() == defaults::unmatched_types)
      unmatched_.pop_back();
    i = unmatched_.insert(unmatched_.begin(), {type, 0});
  }
  i->count += count;
  std::rotate(unmatched_.begin(), i, i + 1); // newest first
}

} // namespace cafbus
