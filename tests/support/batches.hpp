#pragma once
#include "messages/actors.hpp"
#include "messages/event_encoder.hpp"

#include <stdexcept>
#include <string>

namespace cafbus {

struct test_event {
  std::string type = "t";
  std::string id = {};
  std::string payload = "{}";
};

/// A batch of these events, in order.
inline event_batch_ptr make_batch(const std::vector<test_event>& events) {
  event_encoder encoder;
  encoder.arrived_at(std::chrono::system_clock::time_point{std::chrono::hours{1}});
  for (const auto& x : events) {
    event_fields fields;
    fields.event_type = x.type;
    fields.event_id = x.id;
    fields.payload = x.payload;
    if (encoder.add(fields) != event_encoder::outcome::added)
      throw std::runtime_error{"not an event: " + to_string(encoder.error())};
  }
  return encoder.finish();
}

/// `n` events of one type; payload {"n":i} from `first` on, padded to about `bytes`.
inline event_batch_ptr numbered_batch(size_t n, size_t first = 0, const std::string& type = "t", size_t bytes = 0) {
  std::vector<test_event> events;
  for (size_t i = first; i < first + n; ++i)
    events.push_back({type, {}, "{\"n\":" + std::to_string(i) + ",\"pad\":\"" + std::string(bytes, 'x') + "\"}"});
  return make_batch(events);
}

/// All of a batch.
inline std::vector<event_span> all_of(const event_batch_ptr& x) {
  return {{0, static_cast<uint32_t>(x->size())}};
}

/// Of all events in these ranges.
inline std::vector<uint64_t> seqs_of(const std::vector<event_range>& ranges) {
  std::vector<uint64_t> result;
  for (const auto& x : ranges)
    for (uint64_t i = 0; i < x.size(); ++i)
      result.push_back(x.seq + i);
  return result;
}

} // namespace cafbus
