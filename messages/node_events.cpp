#include "messages/node_events.hpp"

#include "config/defaults.hpp"
#include "messages/event_merge.hpp"

#include <array>
#include <bit>
#include <caf/actor_system_config.hpp>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <type_traits>

namespace cafbus {

namespace {

static_assert(std::endian::native == std::endian::little, "the layout travels as it lies in memory");
static_assert(std::is_trivially_copyable_v<event_batch::slot> && sizeof(event_batch::slot) == 32);
static_assert(std::is_trivially_copyable_v<event_origin> && sizeof(event_origin) == 24);

template <class T>
void append(std::string& to, const std::vector<T>& from) {
  to.append(reinterpret_cast<const char*>(from.data()), from.size() * sizeof(T));
}

template <class T>
const char* take(const char* from, size_t count, std::vector<T>& to) {
  to.resize(count);
  std::memcpy(to.data(), from, count * sizeof(T));
  return from + count * sizeof(T);
}

/// Whether [begin, begin + size) lies within [low, high); in 64 bits, so that nothing wraps.
bool within(uint64_t begin, uint64_t size, uint64_t low, uint64_t high) {
  return begin >= low && begin + size <= high;
}

/// Whether event `i` is one line, lies where the one before ends, and has its parts inside.
bool is_sound(const event_batch& x, size_t i, uint64_t begin) {
  const auto& slot = x.slots[i];
  const auto end = begin + slot.head + slot.tail;
  if (slot.begin != begin || end > x.bytes.size() || end - begin > defaults::max_frame_bytes)
    return false;
  const auto head_end = begin + slot.head;
  if (slot.type >= x.types.size() || slot.payload_size > defaults::max_payload_bytes ||
      !within(slot.id_begin, slot.id_size, begin, head_end) ||
      !within(slot.payload_begin, slot.payload_size, head_end, end))
    return false;
  const auto* newline = static_cast<const char*>(std::memchr(x.bytes.data() + begin, '\n', end - begin));
  return newline && newline == x.bytes.data() + end - 1 && x.head(i).starts_with(R"({"type":"event",)") &&
         x.tail(i).starts_with(R"(,"payload":)") && x.tail(i).ends_with("}\n");
}

} // namespace

std::optional<node_events> to_message(std::span<const event_range> ranges, uint64_t self, uint64_t peer) {
  std::deque<event_range> passed;
  for (const auto& range : ranges) {
    for (auto i = range.first; i < range.last; ++i) {
      const auto origin = range.origin(i);
      if (origin.node == peer || origin.hops >= defaults::max_node_hops)
        continue;
      if (!passed.empty() && passed.back().batch == range.batch && passed.back().last == i)
        ++passed.back().last;
      else
        passed.push_back({range.batch, i, i + 1, range.seq + (i - range.first), range.number + (i - range.first)});
    }
  }
  if (passed.empty())
    return std::nullopt;
  auto merged = merge(passed);
  for (auto& x : merged.origins) {
    x.node = x.node == 0 ? self : x.node;
    ++x.hops;
  }
  node_events result;
  result.count = static_cast<uint32_t>(merged.size());
  append(result.layout, merged.slots);
  append(result.layout, merged.origins);
  result.bytes = std::move(merged.bytes);
  result.types = std::move(merged.types);
  return result;
}

event_batch_ptr to_batch(node_events& x) {
  if (x.count == 0 || x.layout.size() != uint64_t{x.count} * (sizeof(event_batch::slot) + sizeof(event_origin)))
    return nullptr;
  auto result = std::make_shared<event_batch>();
  const auto* rest = take(x.layout.data(), x.count, result->slots);
  take(rest, x.count, result->origins);
  result->bytes = std::move(x.bytes);
  result->types = std::move(x.types);
  for (const auto& type : result->types)
    if (type.empty() || type.size() > defaults::max_name_bytes)
      return nullptr;
  uint64_t begin = 0;
  for (size_t i = 0; i < x.count; ++i) {
    if (!is_sound(*result, i, begin) || result->origins[i].node == 0)
      return nullptr;
    begin += result->slots[i].head + result->slots[i].tail;
  }
  return begin == result->bytes.size() ? result : nullptr;
}

std::string node_text(uint64_t node) {
  std::array<char, 17> digits;
  std::snprintf(digits.data(), digits.size(), "%016" PRIx64, node);
  return {digits.data(), digits.size() - 1};
}

void add_node_messages(caf::actor_system_config& config) {
  config.add_message_type<node_events>("cafbus::node_events")
      .add_message_type<node_events_taken>("cafbus::node_events_taken")
      .add_message_type<node_interest>("cafbus::node_interest")
      .add_message_type<node_interest_taken>("cafbus::node_interest_taken")
      .add_message_type<node_hello>("cafbus::node_hello")
      .add_message_type<node_welcome>("cafbus::node_welcome");
}

} // namespace cafbus
