#include "gateway/exposition.hpp"

#include "messages/bus_metrics.hpp"

namespace cafbus::http {

std::string exposition(const std::string& app, const status_response* bus, const gateway_counters& own) {
  metrics_page out;
  const observed_bus seen{app, bus};
  add_buses(out, {&seen, 1});
  auto add = [&](std::string_view name, std::string_view type, std::string_view help, uint64_t value) {
    out.family(name, type, help);
    out.sample(app, value);
  };
  add("cafbus_gateway_connections", "gauge", "HTTP connections.", own.connections);
  add("cafbus_gateway_streams", "gauge", "Event streams.", own.streams);
  add("cafbus_gateway_feeds", "gauge", "Connections to the bus that serve them.", own.feeds);
  add("cafbus_gateway_requests_total", "counter", "HTTP requests.", own.requests);
  add("cafbus_gateway_refused_total", "counter", "Requests and connections that were refused.", own.refused);
  add("cafbus_gateway_stream_events_total", "counter", "Events for streams.", own.stream_events);
  add("cafbus_gateway_stream_dropped_total", "counter", "Events dropped because their stream did not keep up.",
      own.stream_dropped);
  add("cafbus_gateway_published_total", "counter", "Events that the bus accepted from this gateway.", own.published);
  return out.end({app});
}

} // namespace cafbus::http
