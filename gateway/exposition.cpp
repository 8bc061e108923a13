#include "gateway/exposition.hpp"

#include "gateway/limits.hpp"

#include <map>
#include <utility>
#include <vector>

namespace cafbus::http {

namespace {

using labels = std::vector<std::pair<std::string_view, std::string>>;

class page {
public:
  /// @param type "counter" or "gauge"
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    series_ = 0;
    text_ += "# HELP " + name_ + ' ' + std::string{help} + "\n# TYPE " + name_ + ' ' + std::string{type} + '\n';
  }

  /// Series beyond the limit are left out, and told by `end`.
  void sample(uint64_t value, const labels& with = {}) {
    if (++series_ > limits::max_series) {
      ++omitted_[name_];
      return;
    }
    text_ += name_;
    for (size_t i = 0; i < with.size(); ++i)
      text_ += (i == 0 ? "{" : ",") + std::string{with[i].first} + "=\"" + escaped_label(with[i].second) + '"';
    text_ += (with.empty() ? " " : "} ") + std::to_string(value) + '\n';
  }

  void one(std::string_view name, std::string_view type, std::string_view help, uint64_t value) {
    family(name, type, help);
    sample(value);
  }

  std::string end() {
    auto omitted = std::exchange(omitted_, {});
    family("cafbus_series_omitted", "gauge", "Series left out: a metric has at most 100.");
    for (const auto& [metric, count] : omitted)
      sample(count, {{"metric", metric}});
    if (omitted.empty())
      sample(0);
    return std::move(text_);
  }

private:
  std::string text_;
  std::string name_;
  size_t series_ = 0;
  std::map<std::string, uint64_t> omitted_;
};

void add_events(page& out, const bus_counters& x) {
  out.family("cafbus_events_total", "counter", "Events received, by outcome.");
  out.sample(x.matched, {{"outcome", "matched"}});
  out.sample(x.unmatched, {{"outcome", "unmatched"}});
  out.sample(x.duplicates, {{"outcome", "duplicate"}});
  out.one("cafbus_rejected_lines_total", "counter", "Lines that are not events.", x.rejected);
}

/// Two consumers of one process and one key are one series.
using consumers_by_name = std::map<std::pair<std::string, std::string>, consumer_status>;

consumers_by_name by_name(const std::vector<consumer_status>& all) {
  consumers_by_name result;
  for (const auto& x : all) {
    auto& sum = result[{std::to_string(x.pid), x.event_key}];
    sum.received += x.received;
    sum.delivered += x.delivered;
    sum.dropped += x.dropped;
    sum.queued += x.queued;
    sum.queued_bytes += x.queued_bytes;
  }
  return result;
}

void add_consumers(page& out, const std::vector<consumer_status>& all) {
  auto named = by_name(all);
  auto add = [&](std::string_view name, std::string_view type, std::string_view help,
                 uint64_t consumer_status::*member) {
    out.family(name, type, help);
    for (const auto& [who, x] : named)
      out.sample(x.*member, {{"pid", who.first}, {"event_key", who.second}});
  };
  add("cafbus_consumer_received_total", "counter", "Events for the consumer.", &consumer_status::received);
  add("cafbus_consumer_delivered_total", "counter", "Events delivered to the consumer.", &consumer_status::delivered);
  add("cafbus_consumer_dropped_total", "counter", "Events dropped because the consumer did not keep up.",
      &consumer_status::dropped);
  add("cafbus_consumer_queued_events", "gauge", "Events queued for the consumer.", &consumer_status::queued);
  add("cafbus_consumer_queued_bytes", "gauge", "Bytes queued for the consumer.", &consumer_status::queued_bytes);
}

void add_sources(page& out, const status_response& bus) {
  out.family("cafbus_source_state", "gauge", "1 for the current state of the source.");
  for (const auto& x : bus.sources)
    out.sample(1, {{"source", x.source}, {"state", to_string(x.state)}});
  auto add = [&](std::string_view name, std::string_view help, uint64_t link_report::*member) {
    out.family(name, "counter", help);
    std::map<std::pair<std::string, std::string>, uint64_t> sums;
    for (const auto& x : bus.links)
      sums[{x.peer, to_string(x.direction)}] += x.*member;
    for (const auto& [who, sum] : sums)
      out.sample(sum, {{"peer", who.first}, {"direction", who.second}});
  };
  add("cafbus_link_received_total", "Events over a link to another bus.", &link_report::received);
  add("cafbus_link_dropped_total", "Events that a link dropped.", &link_report::dropped);
  add("cafbus_link_missed_total", "Events that the other bus received while the link was down.", &link_report::missed);
}

void add_types(page& out, const std::vector<unmatched_type>& types) {
  out.family("cafbus_unmatched_type_events_total", "counter", "Unmatched events of the latest types.");
  std::map<std::string, uint64_t> sums;
  for (const auto& x : types)
    sums[x.event_type] += x.count;
  for (const auto& [type, count] : sums)
    out.sample(count, {{"event_type", type}});
}

void add_bus(page& out, const status_response& bus) {
  out.family("cafbus_build_info", "gauge", "1, with the version of the bus.");
  out.sample(1, {{"version", bus.version}, {"app", bus.app}});
  out.one("cafbus_uptime_seconds", "gauge", "Time since the bus started.", static_cast<uint64_t>(bus.uptime_sec));
  out.one("cafbus_consumers", "gauge", "Consumers connected.", static_cast<uint64_t>(bus.active_conns));
  add_events(out, bus.counters);
  add_consumers(out, bus.consumers);
  add_types(out, bus.unmatched_types);
  add_sources(out, bus);
  if (!bus.limits)
    return;
  const auto& load = bus.limits->load;
  out.one("cafbus_connections", "gauge", "Consumers and producers on sockets.", load.connections);
  out.one("cafbus_refused_connections_total", "counter", "Connections refused because a limit was reached.",
          load.refused);
  out.one("cafbus_queued_bytes", "gauge", "Bytes queued for all consumers.", load.queued_bytes);
}

} // namespace

std::string escaped_label(std::string_view text) {
  std::string result;
  for (auto c : text) {
    if (c == '\n')
      result += "\\n";
    else if (c == '\\' || c == '"')
      result += {'\\', c};
    else
      result += c;
  }
  return result;
}

std::string exposition(const status_response* bus, const gateway_counters& own) {
  page out;
  out.one("cafbus_up", "gauge", "Whether the bus answers.", bus != nullptr);
  if (bus != nullptr)
    add_bus(out, *bus);
  out.one("cafbus_gateway_connections", "gauge", "HTTP connections.", own.connections);
  out.one("cafbus_gateway_streams", "gauge", "Event streams.", own.streams);
  out.one("cafbus_gateway_feeds", "gauge", "Connections to the bus that serve them.", own.feeds);
  out.one("cafbus_gateway_requests_total", "counter", "HTTP requests.", own.requests);
  out.one("cafbus_gateway_refused_total", "counter", "Requests and connections that were refused.", own.refused);
  out.one("cafbus_gateway_stream_events_total", "counter", "Events for streams.", own.stream_events);
  out.one("cafbus_gateway_stream_dropped_total", "counter", "Events dropped because their stream did not keep up.",
          own.stream_dropped);
  out.one("cafbus_gateway_published_total", "counter", "Events that the bus accepted from this gateway.",
          own.published);
  return out.end();
}

} // namespace cafbus::http
