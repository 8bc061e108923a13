#include "messages/bus_metrics.hpp"

#include "messages/replay.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace cafbus {

namespace {

using observed_buses = std::span<const observed_bus>;

/// Calls `add(app, status)` for each bus that answers and, as those of other makes do not, counts its events.
template <class F>
void for_each_known(observed_buses all, F add) {
  for (const auto& x : all)
    if (x.status != nullptr && !x.status->version.empty())
      add(x.app, *x.status);
}

template <class F>
void add_number(metrics_page& out, observed_buses all, std::string_view name, std::string_view type,
                std::string_view help, F value) {
  out.family(name, type, help);
  for_each_known(all, [&](const auto& app, const auto& x) { out.sample(app, static_cast<uint64_t>(value(x))); });
}

void add_whole(metrics_page& out, observed_buses all) {
  out.family("cafbus_up", "gauge", "Whether the bus answers.");
  for (const auto& x : all)
    out.sample(x.app, x.status != nullptr ? 1 : 0);
  out.family("cafbus_build_info", "gauge", "1, with the version of the bus.");
  for_each_known(all, [&](const auto& app, const auto& x) { out.sample(app, 1, {{"version", x.version}}); });
  add_number(out, all, "cafbus_uptime_seconds", "gauge", "Time since the bus started.",
             [](const auto& x) { return x.uptime_sec; });
  add_number(out, all, "cafbus_consumers", "gauge", "Consumers connected.",
             [](const auto& x) { return x.active_conns; });
  out.family("cafbus_events_total", "counter", "Events received, by outcome.");
  for_each_known(all, [&](const auto& app, const auto& x) {
    out.sample(app, x.counters.matched, {{"outcome", "matched"}});
    out.sample(app, x.counters.unmatched, {{"outcome", "unmatched"}});
    out.sample(app, x.counters.duplicates, {{"outcome", "duplicate"}});
  });
  add_number(out, all, "cafbus_rejected_lines_total", "counter", "Lines that are not events.",
             [](const auto& x) { return x.counters.rejected; });
  out.family("cafbus_unmatched_type_events_total", "counter", "Unmatched events of the latest types.");
  for_each_known(all, [&](const auto& app, const auto& x) {
    std::map<std::string, uint64_t> sums;
    for (const auto& type : x.unmatched_types)
      sums[type.event_type] += type.count;
    for (const auto& [type, count] : sums)
      out.sample(app, count, {{"event_type", type}});
  });
}

/// Two consumers of one process and one key are one series. In the order of process ids, so that those who stay keep
/// their places when others come.
using consumers_by_name = std::map<std::pair<int64_t, std::string>, consumer_status>;

consumers_by_name by_name(const std::vector<consumer_status>& all) {
  consumers_by_name result;
  for (const auto& x : all) {
    auto& sum = result[{x.pid, x.event_key}];
    sum.received += x.received;
    sum.delivered += x.delivered;
    sum.dropped += x.dropped;
    sum.queued += x.queued;
    sum.queued_bytes += x.queued_bytes;
    sum.filtered += x.filtered;
    sum.filter_errors += x.filter_errors;
    if (x.stats) {
      auto& told = sum.stats ? *sum.stats : sum.stats.emplace();
      told.handled += x.stats->handled;
      told.failed += x.stats->failed;
      told.lost += x.stats->lost;
    }
    sum.blocks.insert(sum.blocks.end(), x.blocks.begin(), x.blocks.end());
  }
  return result;
}

void add_consumers(metrics_page& out, observed_buses all) {
  std::vector<std::pair<std::string, consumers_by_name>> named;
  for_each_known(all, [&](const auto& app, const auto& x) { named.emplace_back(app, by_name(x.consumers)); });
  auto add = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    out.family(name, type, help);
    for (const auto& [app, consumers] : named)
      for (const auto& [who, x] : consumers)
        if (std::optional<uint64_t> n = value(x))
          out.sample(app, *n, {{"pid", std::to_string(who.first)}, {"event_key", who.second}});
  };
  auto add_told = [&](std::string_view name, std::string_view help, uint64_t consumer_stats::*member) {
    add(name, "counter", help,
        [member](const auto& x) { return x.stats ? std::optional{(*x.stats).*member} : std::nullopt; });
  };
  add("cafbus_consumer_received_total", "counter", "Events for the consumer.",
      [](const auto& x) { return x.received; });
  add("cafbus_consumer_delivered_total", "counter", "Events delivered to the consumer.",
      [](const auto& x) { return x.delivered; });
  add("cafbus_consumer_dropped_total", "counter",
      "Events that the consumer lost: it did not keep up, or a link lost them.",
      [](const auto& x) { return x.dropped; });
  add("cafbus_consumer_queued_events", "gauge", "Events queued for the consumer.",
      [](const auto& x) { return x.queued; });
  add("cafbus_consumer_queued_bytes", "gauge", "Bytes queued for the consumer.",
      [](const auto& x) { return x.queued_bytes; });
  add("cafbus_consumer_filtered_total", "counter", "Events of the consumer's types that its filter kept back.",
      [](const auto& x) { return x.filtered; });
  add("cafbus_consumer_filter_errors_total", "counter",
      "Events of the consumer's types that its filter could not judge.", [](const auto& x) { return x.filter_errors; });
  add("cafbus_consumer_delayed_publishers", "gauge", "Publishers that wait for the consumer, by its policy block.",
      [](const auto& x) { return uint64_t{x.blocks.size()}; });
  add_told("cafbus_consumer_handled_total", "Events that the consumer says it has handled.", &consumer_stats::handled);
  add_told("cafbus_consumer_failed_total", "Events that the consumer says it has failed on.", &consumer_stats::failed);
  add_told("cafbus_consumer_lost_total", "Events that the consumer says it has given up.", &consumer_stats::lost);
}

void add_groups(metrics_page& out, observed_buses all) {
  auto add = [&](std::string_view name, std::string_view type, std::string_view help, uint64_t group_status::*member) {
    out.family(name, type, help);
    for_each_known(all, [&](const auto& app, const auto& x) {
      for (const auto& group : x.groups)
        out.sample(app, group.*member, {{"group", group.name}});
    });
  };
  add("cafbus_group_members", "gauge", "Consumers that share the events of the group.", &group_status::members);
  add("cafbus_group_received_total", "counter", "Events for the group.", &group_status::received);
  add("cafbus_group_done_total", "counter", "Events that a member confirmed, or was sent if none does.",
      &group_status::done);
  add("cafbus_group_dead_total", "counter", "Events given up after the last attempt.", &group_status::dead);
  add("cafbus_group_lost_total", "counter", "Events that the group had no room for.", &group_status::lost);
  add("cafbus_group_redelivered_total", "counter", "Times that an event was given to a member once more.",
      &group_status::redelivered);
  add("cafbus_group_waiting_events", "gauge", "Events that wait for a member.", &group_status::waiting);
  add("cafbus_group_unconfirmed_events", "gauge", "Events that a member has and has not confirmed.",
      &group_status::in_flight);
}

/// One sample per state, 1 for the current one, so that a rule can ask for the absence of a state.
void add_states(metrics_page& out, const std::string& app, source_state now, metrics_page::labels with) {
  constexpr auto& words = vocabulary<source_state>::words;
  with.emplace_back("state", "");
  for (size_t i = 1; i < words.size(); ++i) { // the first is no state
    with.back().second = words[i];
    out.sample(app, now == static_cast<source_state>(i) ? 1 : 0, with, words.size() - 1);
  }
}

void add_sources(metrics_page& out, observed_buses all) {
  out.family("cafbus_source_state", "gauge", "1 for the current state of the source, 0 for the others.");
  for_each_known(all, [&](const auto& app, const auto& x) {
    std::map<std::string, source_state> states;
    for (const auto& source : x.sources)
      states.emplace(source.source, source.state);
    for (const auto& [name, state] : states)
      add_states(out, app, state, {{"source", name}});
  });
}

/// The end of a certificate's validity, as seconds since 1970.
std::optional<uint64_t> seconds_of(std::string_view time) {
  if (time.find('T') == time.npos)
    return std::nullopt;
  auto parsed = parse_since(time, std::chrono::system_clock::time_point::max());
  if (!parsed)
    return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(parsed->time_since_epoch()).count();
}

/// Of a peer as status names it: "NAME, tls, certificate of X until Y".
std::optional<uint64_t> certificate_end(std::string_view peer) {
  constexpr std::string_view until = " until ";
  auto shown = peer.rfind(", tls, certificate of ");
  auto end = peer.rfind(until);
  if (shown == peer.npos || end == peer.npos || end < shown)
    return std::nullopt;
  return seconds_of(peer.substr(end + until.size()));
}

using links_by_name = std::map<std::pair<std::string, link_direction>, link_report>;

links_by_name by_name(const std::vector<link_report>& all) {
  links_by_name result;
  for (const auto& x : all) {
    auto& sum = result[{x.peer, x.direction}];
    sum.state = x.state;
    sum.received += x.received;
    sum.dropped += x.dropped;
    sum.missed += x.missed;
    sum.queued += x.queued;
  }
  return result;
}

void add_links(metrics_page& out, observed_buses all) {
  std::vector<std::pair<std::string, links_by_name>> named;
  for_each_known(all, [&](const auto& app, const auto& x) { named.emplace_back(app, by_name(x.links)); });
  auto add = [&](std::string_view name, std::string_view type, std::string_view help, auto sample) {
    out.family(name, type, help);
    for (const auto& [app, links] : named)
      for (const auto& [who, x] : links)
        sample(app, x, metrics_page::labels{{"peer", who.first}, {"direction", to_string(who.second)}});
  };
  auto number = [&](uint64_t link_report::*member) {
    return [&out, member](const auto& app, const auto& x, const auto& with) { out.sample(app, x.*member, with); };
  };
  add("cafbus_link_state", "gauge", "1 for the current state of the link to another bus, 0 for the others.",
      [&](const auto& app, const auto& x, const auto& with) { add_states(out, app, x.state, with); });
  add("cafbus_link_received_total", "counter", "Events over the link.", number(&link_report::received));
  add("cafbus_link_dropped_total", "counter", "Events that the link dropped.", number(&link_report::dropped));
  add("cafbus_link_missed_total", "counter", "Events that did not come over the link though they were wanted.",
      number(&link_report::missed));
  add("cafbus_link_queued_events", "gauge", "Events queued for the link.", number(&link_report::queued));
  out.family("cafbus_link_certificate_expires_timestamp_seconds", "gauge",
             "When the certificate of the bus at the other end of the link expires.");
  for (const auto& [app, links] : named)
    for (const auto& [who, x] : links)
      if (auto end = certificate_end(who.first))
        out.sample(app, *end, {{"peer", who.first}, {"direction", to_string(who.second)}});
  out.family("cafbus_certificate_expires_timestamp_seconds", "gauge",
             "When the bus's own certificate for links expires.");
  for_each_known(all, [&](const auto& app, const auto& x) {
    if (auto end = seconds_of(x.certificate_expires))
      out.sample(app, *end);
  });
}

void add_load(metrics_page& out, observed_buses all) {
  auto add = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    out.family(name, type, help);
    for_each_known(all, [&](const auto& app, const auto& x) {
      if (x.limits)
        out.sample(app, value(*x.limits));
    });
  };
  add("cafbus_connections", "gauge", "Consumers and producers on sockets.",
      [](const auto& x) { return x.load.connections; });
  add("cafbus_connections_limit", "gauge", "Connections at most; 0: no limit.",
      [](const auto& x) { return x.limits.max_connections; });
  add("cafbus_refused_connections_total", "counter", "Connections refused because a limit was reached.",
      [](const auto& x) { return x.load.refused; });
  add("cafbus_hooks_running", "gauge", "Hooks of consumers that run.", [](const auto& x) { return x.load.hooks; });
  add("cafbus_hooks_waiting", "gauge", "Hooks of consumers that wait until another one has ended.",
      [](const auto& x) { return x.load.waiting_hooks; });
  add("cafbus_hooks_running_limit", "gauge", "Hooks of consumers that run at most.",
      [](const auto& x) { return x.limits.max_hooks; });
  add("cafbus_queued_bytes", "gauge", "Bytes queued for all consumers.",
      [](const auto& x) { return x.load.queued_bytes; });
  add("cafbus_queued_bytes_limit", "gauge", "Bytes queued for all consumers at most; 0: no limit.",
      [](const auto& x) { return x.limits.max_queued_bytes; });
}

} // namespace

void add_buses(metrics_page& out, std::span<const observed_bus> buses) {
  add_whole(out, buses);
  add_consumers(out, buses);
  add_groups(out, buses);
  add_sources(out, buses);
  add_links(out, buses);
  add_load(out, buses);
}

} // namespace cafbus
