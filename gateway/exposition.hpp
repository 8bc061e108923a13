#pragma once
#include "messages/frames.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Prometheus's text format. By hand: prometheus-cpp would bring a registry beside our counters and has to
/// be filled from a status answer for each scrape, a compiled dependency, and no more safety than the escape below,
/// which is all that the format asks for.
namespace cafbus::http {

/// What the gateway counts about itself.
struct gateway_counters {
  uint64_t connections = 0; ///< Now.
  uint64_t streams = 0;     ///< Now.
  uint64_t bodies = 0;      ///< Now: requests with a body that are not answered.
  uint64_t feeds = 0;       ///< Now: connections to the bus for them.
  uint64_t requests = 0;
  uint64_t refused = 0;        ///< Answers 4xx, and connections beyond the limit.
  uint64_t stream_events = 0;  ///< Put into the queues of streams.
  uint64_t stream_dropped = 0; ///< Events dropped because their stream did not keep up.
  uint64_t published = 0;      ///< Events that the bus accepted from /publish and hooks.
};

/// A label's value with `\`, `"` and line feeds escaped.
std::string escaped_label(std::string_view text);

/// @param bus Null: it does not run.
std::string exposition(const status_response* bus, const gateway_counters& own);

} // namespace cafbus::http
