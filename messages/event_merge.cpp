#include "messages/event_merge.hpp"

#include <algorithm>
#include <unordered_map>

namespace cafbus {

event_batch merge(const std::deque<event_range>& ranges) {
  event_batch result;
  size_t bytes = 0;
  size_t events = 0;
  for (const auto& x : ranges) {
    bytes += x.bytes();
    events += x.size();
  }
  result.bytes.reserve(bytes);
  result.slots.reserve(events);
  result.origins.reserve(events);
  const auto has_positions = std::ranges::any_of(ranges, [](const auto& x) { return x.position(x.first) != 0; });
  if (has_positions)
    result.positions.reserve(events);
  std::unordered_map<std::string_view, uint32_t> interned; // views into the merged batches, which outlive it
  for (const auto& x : ranges) {
    const auto& slots = x.batch->slots;
    auto shift = result.bytes.size() - slots[x.first].begin; // unsigned arithmetic wraps back
    for (auto i = x.first; i < x.last; ++i) {
      auto slot = slots[i];
      slot.begin = static_cast<uint32_t>(slot.begin + shift);
      slot.id_begin = static_cast<uint32_t>(slot.id_begin + shift);
      slot.payload_begin = static_cast<uint32_t>(slot.payload_begin + shift);
      const auto& type = x.batch->types[slot.type];
      auto [entry, added] = interned.emplace(type, static_cast<uint32_t>(result.types.size()));
      if (added)
        result.types.push_back(type);
      slot.type = entry->second;
      result.slots.push_back(slot);
      result.origins.push_back(x.origin(i));
      if (has_positions)
        result.positions.push_back(x.position(i));
    }
    result.bytes.append(x.batch->bytes, slots[x.first].begin, x.bytes());
  }
  return result;
}

} // namespace cafbus
