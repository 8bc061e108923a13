#pragma once
#include "messages/frames.hpp"

#include <string>
#include <vector>

namespace cafbus {

/// Where events stop on their way from a source to a handler, or what is known of one stage of it.
enum class event_stage : uint8_t {
  unknown,
  source,   ///< What brings events in.
  type,     ///< What has come, beside what is asked for.
  consumer, ///< Who asks for it.
  filter,   ///< What a consumer's filter has kept back.
  queue,    ///< What waits for a consumer, and what was dropped for it.
  handler,  ///< What a consumer does with what it has got.
};
template <>
struct vocabulary<event_stage> {
  static constexpr std::array words{"unknown", "source", "type", "consumer", "filter", "queue", "handler"};
};
static_assert(spells_all_up_to(event_stage::handler));

/// One thing that keeps events from arriving, or may.
struct finding {
  event_stage stage = event_stage::unknown;
  std::string text;
  bool operator==(const finding&) const = default;
};

/// Why no event of `key` arrives, an event type or a pattern of types, as far as the bus's status tells: in the order
/// of an event's way, so the first finding is the one to look at. Never empty.
/// @param pid Only for this consumer; 0: for all consumers of it.
std::vector<finding> why_nothing(const status_response& x, const std::string& key, int64_t pid = 0);

} // namespace cafbus
