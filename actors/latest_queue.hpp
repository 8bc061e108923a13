#pragma once
#include "messages/event_batch.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

namespace cafbus {

/// The newest event of each type, in the order in which these came. Each is a copy in a batch of its own, since one
/// that waits for long must not keep alive all that came with it.
class latest_queue {
public:
  /// Event `i` of the range goes in, and the older one of its type out. @returns that one, if there was one.
  std::optional<event_range> put(const event_range& range, uint32_t i);

  bool empty() const noexcept { return events_.empty(); }
  const event_range& front() const { return events_.begin()->second; }
  event_range pop_front();

private:
  std::map<uint64_t, event_range> events_; // by sequence number
  std::unordered_map<std::string, uint64_t> by_type_;
};

} // namespace cafbus
