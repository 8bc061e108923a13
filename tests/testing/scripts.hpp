#pragma once
#include "actors/bus.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// What the sources and consumers of a harness do. All times are virtual.
namespace cafbus::testing {

/// Publishes numbered events, `{"source":NAME,"n":1}` and so on, in batches; the next one when the bus has taken the
/// one before and the pause is over. Types are drawn by lot.
struct source_script {
  std::vector<std::string> types = {}; ///< At least one.
  uint64_t events = 100;               ///< Then it falls silent.
  uint32_t smallest_batch = 1;         ///< At least 1.
  uint32_t largest_batch = 8;
  std::chrono::nanoseconds shortest_pause = std::chrono::milliseconds{1};
  std::chrono::nanoseconds longest_pause = std::chrono::milliseconds{20};
  /// Belongs to the bus, as `attach_source` has it: the bus starts and stops it, and counts it as a failure if it dies.
  /// Else it is an actor that publishes, and may go as it likes.
  bool attached = false;
};

/// Takes events: at once, slowly, or not at all.
struct consumer_script {
  std::vector<std::string> types = {};       ///< At least one.
  std::string subscription_id = {};          ///< Empty: its name.
  std::chrono::nanoseconds shortest_pace{0}; ///< Time for one delivery, drawn by lot.
  std::chrono::nanoseconds longest_pace{0};
  uint64_t sticks_after = 0; ///< Events after which it keeps the credit back until it is released; 0: never.
  uint64_t dies_after = 0;   ///< Events after which it ends; 0: never.

  /// What the conn delivers to in its place, e.g. a message relay; empty: the consumer itself.
  std::function<subscriber_actor(const subscriber_actor& consumer)> through = {};
  /// Makes it a subscriber in another way than by `join`, and says by which conn; for conns of one's own.
  std::function<conn_actor(const bus_parts& bus, const subscriber_actor& consumer)> join_by = {};
};

} // namespace cafbus::testing
