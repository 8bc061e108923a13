#pragma once
#include "messages/stream_list.hpp"

#include <caf/fwd.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cafbus::testing {

/// What each bus has taken in, and from when on each consumer is owed it: from the moment in which it is subscribed and
/// its bus knows how far the stream is. What was taken in before may have come all the same, or not. So a consumer that
/// comes late, or whose bus hears late of another one, is owed exactly what follows. Pure: no actor, no clock.
class stream_ledger {
public:
  /// That bus takes events in, from a source that is no bus.
  void on_taken_in(uint64_t node, const std::string& type, uint64_t count) { taken_[{node, type}] += count; }

  /// A consumer at that bus is subscribed.
  void on_subscribed(uint64_t node, caf::actor_id consumer);

  /// That bus has heard how far a stream is.
  void on_followed(uint64_t node, const stream_count& x);

  /// The consumer's bus must have heard by now how far that stream is.
  void on_due(caf::actor_id consumer, uint64_t node, const std::string& type);

  /// The process of that bus is gone, and what it had: its own events are owed to nobody any more.
  void on_crashed(uint64_t node);

  struct owed {
    uint64_t exactly = 0;
    uint64_t perhaps = 0;                    ///< On top.
    std::optional<uint64_t> unheard_of = {}; ///< A bus that is within reach, of which the consumer's bus has not heard.
  };
  /// @param is_in_reach Whether all that a bus has taken in, that node, can come to the consumer now.
  owed owed_to(caf::actor_id consumer, const std::vector<std::string>& types,
               const std::function<bool(uint64_t node)>& is_in_reach) const;

private:
  using stream = std::pair<uint64_t, std::string>; // node and type
  using counts = std::map<stream, uint64_t>;

  struct consumer_entry {
    uint64_t node = 0;
    counts since = {}; // what had been taken in when it began to count
  };

  uint64_t taken(const stream& x) const;

  counts taken_;
  std::map<uint64_t, std::set<stream>> followed_; // by the bus that follows
  std::set<uint64_t> crashed_;
  std::unordered_map<caf::actor_id, consumer_entry> consumers_;
};

} // namespace cafbus::testing
