#include "cli/status_text.hpp"

#include "cli/console.hpp"
#include "cli/status_check.hpp"
#include "cli/wanted_names.hpp"
#include "config/duration.hpp"
#include "config/version.hpp"
#include "messages/filter_text.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace cafbus {

namespace {

/// Names that one line of text lists before it says "and more".
constexpr size_t names_listed = 8;

/// A name as a word of a table: something stands there even if it is empty, and no blank in it.
std::string word(const std::string& text) {
  auto result = text.empty() ? std::string{"-"} : plain(text);
  std::ranges::replace(result, ' ', '_');
  return result;
}

template <class Range>
std::string listed(const Range& names) {
  std::string result;
  size_t n = 0;
  for (const auto& name : names) {
    if (n == names_listed)
      return result + ", and " + std::to_string(names.size() - n) + " more";
    result += (n++ == 0 ? "" : ", ") + plain(name);
  }
  return result;
}

std::string field(const char* name, const std::string& value) {
  std::string result = name;
  result.resize(12, ' ');
  return result + plain(value) + '\n';
}

std::string uptime(int64_t seconds) {
  if (seconds < 60)
    return std::to_string(seconds) + "s";
  if (seconds < 3'600)
    return std::to_string(seconds / 60) + "min " + std::to_string(seconds % 60) + "s";
  return std::to_string(seconds / 3'600) + "h " + std::to_string(seconds % 3'600 / 60) + "min";
}

std::string counters_text(const bus_counters& x) {
  auto item = [](const char* name, uint64_t n) { return std::string{name} + '=' + std::to_string(n) + ' '; };
  auto result = item("ingress", x.ingress) + item("duplicates", x.duplicates) + item("unmatched", x.unmatched) +
                item("matched", x.matched) + item("rejected", x.rejected);
  result.pop_back();
  return result;
}

std::string sources_text(const std::vector<source_report>& sources) {
  std::string result;
  for (const auto& x : sources)
    result += field("source", x.source + " " + to_string(x.state) + (x.since.empty() ? "" : " since " + x.since) +
                                  (x.detail.empty() ? "" : " (" + x.detail + ")"));
  return result;
}

std::string links_text(const std::vector<link_report>& links) {
  std::string result;
  for (const auto& x : links) {
    auto text = (x.direction == link_direction::in ? "from " : "to ") + x.peer + " " + to_string(x.state) +
                " types=" + std::to_string(x.types) + " received=" + std::to_string(x.received) +
                " dropped=" + std::to_string(x.dropped);
    text += x.direction == link_direction::in ? " missed=" + std::to_string(x.missed)
                                              : " queued=" + std::to_string(x.queued);
    text += x.detail.empty() ? "" : " (" + x.detail + ")";
    result += field("link", text);
  }
  return result;
}

std::string groups_text(const std::vector<group_status>& groups) {
  std::string result;
  for (const auto& x : groups) {
    auto item = [](const char* name, uint64_t n) { return std::string{' '} + name + '=' + std::to_string(n); };
    result += field("group", x.name + item("members", x.members) + item("waiting", x.waiting) +
                                 item("in_flight", x.in_flight) + item("done", x.done) +
                                 item("redelivered", x.redelivered) + item("dead", x.dead) + item("lost", x.lost));
  }
  return result;
}

std::string certificate_text(const std::string& expires) {
  return expires.empty() ? std::string{} : field("certificate", "valid until " + expires);
}

std::string of_at_most(uint64_t x, const std::string& most, bool limited, const char* unit = "") {
  return std::to_string(x) + unit + (limited ? " of at most " + most : "");
}

/// What is held now beside its limit; nothing if the bus does not say, as those of other makers.
std::string limits_text(const std::optional<load_and_limits>& known) {
  if (!known)
    return {};
  const auto& [load, limits] = *known;
  auto most = [](uint64_t n) { return std::to_string(n); };
  auto at_most = [&](uint64_t n, const char* what) { return ", " + std::to_string(n) + ' ' + what; };
  return field("clients", of_at_most(load.connections, most(limits.max_connections), limits.max_connections != 0) +
                              "; half-open " +
                              of_at_most(load.half_open, most(limits.max_half_open), limits.max_half_open != 0) +
                              "; refused " + most(load.refused) +
                              (load.paused ? "; no connection is accepted until one ends" : "")) +
         field("waiting", of_at_most(load.queued_bytes, size_text(limits.max_queued_bytes),
                                     limits.max_queued_bytes != 0, " bytes") +
                              "; for one consumer at most " + most(limits.queue_capacity) + " events, " +
                              size_text(limits.queue_bytes)) +
         field("hooks",
               of_at_most(load.hooks, most(limits.max_hooks), true, " running") +
                   (load.waiting_hooks == 0 ? "" : "; " + most(load.waiting_hooks) + " waiting for a free place")) +
         field("limits", most(limits.max_key_bytes) + " bytes per key" +
                             at_most(limits.max_event_types, "types per consumer") +
                             at_most(limits.max_json_depth, "levels of JSON") +
                             at_most(limits.log_lines, "log lines per second"));
}

using table_row = std::array<std::string, 8>;

std::string table_text(const std::vector<table_row>& rows) {
  std::array<size_t, std::tuple_size_v<table_row>> widths{};
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string result;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i)
      line += row[i] + (i + 1 == row.size() ? "" : std::string(widths[i] - row[i].size() + 2, ' '));
    result += line + '\n';
  }
  return result;
}

std::string consumers_text(const status_response& status) {
  if (status.consumers.empty())
    return {};
  auto ours = [known = counts_events(status)](uint64_t x) { return known ? std::to_string(x) : "unknown"; };
  std::vector<table_row> rows{{"PID", "KEY", "SUBSCRIPTION", "RECEIVED", "DELIVERED", "DROPPED", "QUEUED", "TYPES"}};
  for (const auto& x : status.consumers)
    rows.push_back({std::to_string(x.pid), word(x.event_key), word(x.subscription_id), std::to_string(x.received),
                    ours(x.delivered), std::to_string(x.dropped), ours(x.queued), listed(wanted_names(x))});
  return '\n' + table_text(rows);
}

/// What the consumers ask for.
std::set<std::string> wanted_by_all(const status_response& x) {
  std::set<std::string> result;
  for (const auto& consumer : x.consumers)
    for (auto& name : wanted_names(consumer))
      result.insert(std::move(name));
  return result;
}

std::string unmatched_text(const status_response& x) {
  auto result = std::to_string(x.counters.unmatched) + " of " + std::to_string(x.counters.ingress) +
                " events reached no consumer";
  std::vector<std::string> types;
  for (const auto& type : x.unmatched_types)
    types.push_back(type.event_type);
  if (!types.empty())
    result += "; latest types: " + listed(types);
  if (!x.consumers.empty())
    result += "; consumers ask for: " + listed(wanted_by_all(x));
  return result;
}

std::string blocks_text(const consumer_status& x) {
  std::set<std::string> publishers;
  for (auto pid : x.blocks)
    publishers.insert(pid == 0 ? "a source of the bus" : "publisher " + std::to_string(pid));
  return "consumer " + std::to_string(x.pid) + " (policy block) delays: " + listed(publishers);
}

std::string policy_text(const consumer_status& x) {
  auto result = "consumer " + std::to_string(x.pid) + ":";
  if (x.policy != queue_policy::unknown)
    result += std::string{" policy "} + to_string(x.policy);
  if (x.block_ms != 0)
    result += " for at most " + std::to_string(x.block_ms) + " ms";
  if (x.queue_capacity != 0)
    result += ", at most " + std::to_string(x.queue_capacity) + " events";
  if (x.queue_bytes != 0)
    result += ", at most " + size_text(x.queue_bytes);
  return result;
}

std::string policies_text(const status_response& x) {
  std::string result;
  for (const auto& consumer : x.consumers)
    if (consumer.policy != queue_policy::unknown || consumer.queue_capacity != 0 || consumer.queue_bytes != 0)
      result += field("queue", policy_text(consumer));
  return result;
}

std::string filter_text(const consumer_status& x) {
  constexpr size_t shown = 200;
  auto text = to_text(x.filter);
  if (text.size() > shown)
    text = text.substr(0, shown) + "...";
  return "consumer " + std::to_string(x.pid) + ": " + plain(text) + ": kept back " + std::to_string(x.filtered) +
         " events, could not judge " + std::to_string(x.filter_errors) + " (" + to_string(x.on_filter_error) + ')';
}

std::string filters_text(const status_response& x) {
  std::string result;
  for (const auto& consumer : x.consumers)
    if (!consumer.filter.empty())
      result += field("filter", filter_text(consumer));
  return result;
}

} // namespace

std::vector<std::string> explain(const status_response& x) {
  std::vector<std::string> result;
  if (!counts_events(x)) {
    result.emplace_back("this bus is of another make, and does not report what happened to its events");
    return result;
  }
  if (x.counters.unmatched != 0)
    result.push_back(unmatched_text(x));
  if (x.consumers.empty())
    result.emplace_back("no consumer is connected");
  if (x.sources.empty() && x.counters.ingress == 0)
    result.emplace_back("the bus has no source and nothing was published");
  for (const auto& source : x.sources)
    if (source.state != source_state::connected)
      result.push_back("the source " + plain(source.source) + " is " + to_string(source.state));
  for (const auto& link : x.links) {
    if (link.missed != 0)
      result.push_back(std::to_string(link.missed) + " events were published at " + plain(link.peer) +
                       " while the link to it was down");
    if (link.dropped != 0)
      result.push_back("the link " + std::string{link.direction == link_direction::in ? "from " : "to "} +
                       plain(link.peer) + " is too slow: " + std::to_string(link.dropped) + " events were dropped");
  }
  if (x.counters.ingress == 0 && x.counters.rejected != 0)
    result.push_back(std::to_string(x.counters.rejected) + " lines came in and none of them was an event");
  if (x.limits && x.limits->load.refused != 0)
    result.push_back(
        std::to_string(x.limits->load.refused) +
        " connections were refused because a limit was reached; see the options max-connections and max-half-open");
  for (const auto& consumer : x.consumers)
    if (!consumer.blocks.empty())
      result.push_back(blocks_text(consumer));
  for (const auto& consumer : x.consumers)
    if (consumer.dropped != 0)
      result.push_back("consumer " + std::to_string(consumer.pid) +
                       " reads too slowly: " + std::to_string(consumer.dropped) + " of its " +
                       std::to_string(consumer.received) + " events were dropped");
  if (x.version != version()) // the least of the troubles is the last
    result.push_back("this bus is of version " + plain(x.version) + ", and this program of " + version() +
                     "; `cafbus restart` puts one of this program in its place");
  return result;
}

std::string status_text(const status_response& x) {
  auto result =
      field("state", x.state == bus_phase::unknown ? "running" : to_string(x.state)) + field("app", x.app) +
      field("pid", std::to_string(x.pid)) + field("uptime", uptime(x.uptime_sec)) +
      field("version", counts_events(x) ? x.version : "unknown") + field("socket", x.socket) + sources_text(x.sources) +
      links_text(x.links) + groups_text(x.groups) + certificate_text(x.certificate_expires) +
      field("events", counts_events(x) ? counters_text(x.counters) : "unknown") +
      field("last event", !counts_events(x)         ? "unknown"
                          : x.last_event_at.empty() ? "none yet"
                                                    : x.last_event_at) +
      field("connections", std::to_string(x.active_conns)) + limits_text(x.limits) + policies_text(x) + filters_text(x);
  for (const auto& line : explain(x))
    result += field("why", line);
  return result + consumers_text(x);
}

} // namespace cafbus
