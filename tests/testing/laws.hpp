#pragma once
#include "messages/actors.hpp"

#include <string>
#include <vector>

/// The laws that every test may check at its end. Each returns what is broken, empty if nothing is.
namespace cafbus::laws {

/// Conservation: ingress = duplicates + unmatched + matched; for each consumer received = delivered + dropped + queued.
std::string conservation(const bus_counters& bus, const std::vector<consumer_status>& consumers);
std::string conservation(const conn_counters& x);

/// Order: sequence numbers only grow, and the holes up to `last_seq` are exactly the events dropped.
std::string order(const std::vector<uint64_t>& seqs, uint64_t dropped, uint64_t last_seq);

/// Bounds: nothing beyond the queue's capacity and one delivery waits for a consumer.
std::string bounds(const conn_counters& x, uint64_t queue_capacity, uint64_t delivery_events);

/// Cleanup: what the coordinator said about one subscription id.
struct turn {
  enum class kind : uint8_t { first, joined, last, left } what;
  bool operator==(const turn&) const = default;
};
/// "first" and "last" alternate, beginning with "first", and nobody joins or leaves outside of such a pair.
std::string cleanup(const std::vector<turn>& turns);

} // namespace cafbus::laws
