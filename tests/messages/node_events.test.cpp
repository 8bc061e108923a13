#include "messages/node_events.hpp"
#include "config/defaults.hpp"
#include "tests/support/batches.hpp"

#include <cstring>
#include <functional>
#include <random>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

constexpr uint64_t self = 1, peer = 2;

/// Three events of this bus, numbered from 11.
node_events sample() {
  auto batch = make_batch({{"a", "id-1", "1"}, {"b", {}, "[2]"}, {"a", {}, "\"three\""}});
  std::vector<event_range> ranges{{batch, 0, 3, 1, 11}};
  return to_message(ranges, self, peer).value();
}

event_batch::slot slot_of(const node_events& x, size_t i) {
  event_batch::slot result;
  std::memcpy(&result, x.layout.data() + i * sizeof(result), sizeof(result));
  return result;
}

void set_slot(node_events& x, size_t i, const event_batch::slot& slot) {
  std::memcpy(x.layout.data() + i * sizeof(slot), &slot, sizeof(slot));
}

} // namespace

CAF_TEST(a message holds the events with their bytes and where they come from) {
  auto message = sample();
  auto batch = to_batch(message);
  CAF_REQUIRE(batch != nullptr);
  auto expected = make_batch({{"a", "id-1", "1"}, {"b", {}, "[2]"}, {"a", {}, "\"three\""}});
  CAF_CHECK_EQUAL(batch->bytes, expected->bytes);
  CAF_CHECK_EQUAL(batch->types, expected->types);
  CAF_CHECK_EQUAL(batch->id(0), "id-1");
  CAF_CHECK_EQUAL(batch->payload(2), "\"three\"");
  for (size_t i = 0; i < 3; ++i)
    CAF_CHECK(batch->origins[i] == (event_origin{self, 11 + i, 1, 0}));
}

CAF_TEST(an event that is passed on keeps its origin and has crossed one more link) {
  auto message = sample();
  auto batch = to_batch(message);
  std::vector<event_range> ranges{{batch, 1, 3, 1, 99}};
  auto next = to_message(ranges, 5, 6).value();
  auto passed = to_batch(next);
  CAF_REQUIRE(passed != nullptr);
  CAF_CHECK_EQUAL(passed->size(), 2u);
  CAF_CHECK(passed->origins[0] == (event_origin{self, 12, 2, 0}));
}

CAF_TEST(a bus gets nothing back and nothing goes further than the limit) {
  auto message = sample();
  auto batch = std::make_shared<event_batch>(*to_batch(message));
  std::vector<event_range> ranges{{batch, 0, 3, 1, 1}};
  CAF_CHECK(!to_message(ranges, 5, self));
  batch->origins[0].hops = batch->origins[2].hops = defaults::max_node_hops;
  auto rest = to_message(ranges, 5, 6).value();
  CAF_CHECK_EQUAL(rest.count, 1u);
}

CAF_TEST(a message whose parts do not fit together is refused) {
  using change = std::function<void(node_events&)>;
  const change changes[] = {
      [](auto& x) { x.count = 0; },
      [](auto& x) { ++x.count; },
      [](auto& x) { x.layout.pop_back(); },
      [](auto& x) { x.layout.clear(); },
      [](auto& x) { x.bytes.pop_back(); },
      [](auto& x) { x.bytes += ' '; },
      [](auto& x) { x.bytes[0] = '['; },
      [](auto& x) { x.bytes[x.bytes.find("event_type")] = '\n'; },
      [](auto& x) { x.types.clear(); },
      [](auto& x) { x.types[0].clear(); },
      [](auto& x) { x.types[0].assign(defaults::max_name_bytes + 1, 'x'); },
  };
  for (const auto& apply : changes) {
    auto message = sample();
    apply(message);
    CAF_CHECK(to_batch(message) == nullptr);
  }
}

CAF_TEST(no number in the layout leads out of the bytes) {
  using field = uint32_t event_batch::slot::*;
  using slot = event_batch::slot;
  const field fields[] = {&slot::begin,    &slot::head,    &slot::tail,          &slot::type,
                          &slot::id_begin, &slot::id_size, &slot::payload_begin, &slot::payload_size};
  for (auto member : fields) {
    for (uint32_t value : {0u, 1u, 10u, 0x7fffffffu, 0xffffffffu}) {
      auto message = sample();
      auto changed = slot_of(message, 1);
      changed.*member = value;
      set_slot(message, 1, changed);
      auto batch = to_batch(message);
      if (!batch)
        continue; // refused; else everything must be within the bytes
      const auto* begin = batch->bytes.data();
      const auto* end = begin + batch->bytes.size();
      for (auto part : {batch->head(1), batch->tail(1), batch->id(1), batch->payload(1)})
        CAF_CHECK(part.data() >= begin && part.data() + part.size() <= end);
      CAF_CHECK(batch->slots[1].type < batch->types.size());
    }
  }
}

CAF_TEST(random damage never leads out of the bytes) {
  std::minstd_rand random{7};
  size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto message = sample();
    for (int n = 0; n < 2; ++n)
      message.layout[random() % message.layout.size()] = static_cast<char>(random());
    auto batch = to_batch(message);
    refused += batch == nullptr;
    if (batch)
      CAF_REQUIRE(batch->bytes_of(0, 3) == batch->bytes.size());
  }
  CAF_CHECK(refused > 1'000);
}
