#pragma once
#include "messages/frames.hpp"

#include <cstdint>
#include <string>

namespace cafbus::http {

/// What the gateway counts about itself.
struct gateway_counters {
  uint64_t connections = 0; ///< Now.
  uint64_t streams = 0;     ///< Now.
  uint64_t bodies = 0;      ///< Now: requests with a body that are not answered.
  uint64_t feeds = 0;       ///< Now: connections to the bus for them.
  uint64_t replays = 0;     ///< Now: further connections, each for one stream that is still in the past.
  uint64_t requests = 0;
  uint64_t refused = 0;        ///< Answers 4xx, and connections beyond the limit.
  uint64_t stream_events = 0;  ///< Put into the queues of streams.
  uint64_t stream_dropped = 0; ///< Events dropped because their stream did not keep up.
  uint64_t published = 0;      ///< Events that the bus accepted from /publish and hooks.
};

/// The page of /metrics: the bus as `cafbus status --prometheus` has it, and the gateway itself.
/// @param bus Null: it does not run.
std::string exposition(const std::string& app, const status_response* bus, const gateway_counters& own);

} // namespace cafbus::http
