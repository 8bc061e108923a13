#include "messages/bus_metrics.hpp"

#include <caf/test/unit_test.hpp>

#include <regex>
#include <set>
#include <sstream>

using namespace cafbus;

namespace {

bool has(const std::string& text, const std::string& line) {
  return ('\n' + text).find('\n' + line + '\n') != std::string::npos;
}

status_response shop() {
  status_response x;
  x.version = "1.2";
  x.uptime_sec = 7;
  x.counters = {10, 2, 3, 5, 1};
  x.consumers = {{.pid = 42, .event_key = "k", .received = 5, .dropped = 1, .blocks = {7, 8}},
                 {.pid = 42, .event_key = "k", .received = 4}};
  x.sources = {{"stdin", source_state::stale, "", ""}};
  x.links = {{.peer = "hub:1", .direction = link_direction::in, .state = source_state::connected, .received = 3}};
  x.unmatched_types = {{"q", 3}};
  x.limits = load_and_limits{};
  x.limits->load.refused = 2;
  return x;
}

std::string page_of(const std::vector<observed_bus>& buses) {
  metrics_page page;
  add_buses(page, buses);
  return page.end({});
}

} // namespace

CAF_TEST(what a bus counts stands under its names) {
  auto bus = shop();
  auto text = page_of({{"shop", &bus}});
  CAF_CHECK(has(text, "cafbus_up{app=\"shop\"} 1"));
  CAF_CHECK(has(text, "cafbus_build_info{app=\"shop\",version=\"1.2\"} 1"));
  CAF_CHECK(has(text, "cafbus_events_total{app=\"shop\",outcome=\"matched\"} 5"));
  CAF_CHECK(has(text, "cafbus_uptime_seconds{app=\"shop\"} 7"));
  CAF_CHECK(has(text, "cafbus_unmatched_type_events_total{app=\"shop\",event_type=\"q\"} 3"));
  CAF_CHECK(has(text, "cafbus_link_received_total{app=\"shop\",peer=\"hub:1\",direction=\"in\"} 3"));
  CAF_CHECK(has(text, "cafbus_refused_connections_total{app=\"shop\"} 2"));
}

CAF_TEST(groups stand under their names) {
  auto bus = shop();
  bus.groups = {{.name = "billing", .members = 2, .received = 12, .waiting = 4, .in_flight = 3, .done = 5}};
  auto text = page_of({{"shop", &bus}});
  CAF_CHECK(has(text, "cafbus_group_members{app=\"shop\",group=\"billing\"} 2"));
  CAF_CHECK(has(text, "cafbus_group_received_total{app=\"shop\",group=\"billing\"} 12"));
  CAF_CHECK(has(text, "cafbus_group_waiting_events{app=\"shop\",group=\"billing\"} 4"));
  CAF_CHECK(has(text, "cafbus_group_unconfirmed_events{app=\"shop\",group=\"billing\"} 3"));
  CAF_CHECK(has(text, "cafbus_group_done_total{app=\"shop\",group=\"billing\"} 5"));
}

CAF_TEST(what consumers say of their work stands beside what they got) {
  auto bus = shop();
  CAF_CHECK(!has(page_of({{"shop", &bus}}), "cafbus_consumer_failed_total{app=\"shop\",pid=\"42\",event_key=\"k\"} 0"));
  bus.consumers[0].stats = consumer_stats{.handled = 3, .failed = 1};
  bus.consumers[1].stats = consumer_stats{.handled = 2, .failed = 1};
  auto text = page_of({{"shop", &bus}});
  CAF_CHECK(has(text, "cafbus_consumer_handled_total{app=\"shop\",pid=\"42\",event_key=\"k\"} 5"));
  CAF_CHECK(has(text, "cafbus_consumer_failed_total{app=\"shop\",pid=\"42\",event_key=\"k\"} 2"));
  CAF_CHECK(has(text, "cafbus_consumer_lost_total{app=\"shop\",pid=\"42\",event_key=\"k\"} 0"));
}

CAF_TEST(consumers of one name are one series) {
  auto bus = shop();
  bus.consumers[0].filtered = 3;
  bus.consumers[1].filtered = 4;
  bus.consumers[1].filter_errors = 1;
  auto text = page_of({{"shop", &bus}});
  CAF_CHECK(has(text, "cafbus_consumer_received_total{app=\"shop\",pid=\"42\",event_key=\"k\"} 9"));
  CAF_CHECK(has(text, "cafbus_consumer_delayed_publishers{app=\"shop\",pid=\"42\",event_key=\"k\"} 2"));
  CAF_CHECK(has(text, "cafbus_consumer_filtered_total{app=\"shop\",pid=\"42\",event_key=\"k\"} 7"));
  CAF_CHECK(has(text, "cafbus_consumer_filter_errors_total{app=\"shop\",pid=\"42\",event_key=\"k\"} 1"));
}

CAF_TEST(a state is 1 and the others are 0) {
  auto bus = shop();
  auto text = page_of({{"shop", &bus}});
  CAF_CHECK(has(text, "cafbus_source_state{app=\"shop\",source=\"stdin\",state=\"stale\"} 1"));
  CAF_CHECK(has(text, "cafbus_source_state{app=\"shop\",source=\"stdin\",state=\"connected\"} 0"));
  CAF_CHECK(has(text, "cafbus_link_state{app=\"shop\",peer=\"hub:1\",direction=\"in\",state=\"connected\"} 1"));
}

CAF_TEST(the end of a certificate is told of both ends of a link) {
  auto bus = shop();
  bus.certificate_expires = "2026-11-27T11:30:00.500000000Z";
  const std::string peer = "hub:2, tls, certificate of hub until 1970-01-02T00:00:01.000000000Z";
  bus.links.push_back({.peer = peer, .direction = link_direction::out, .state = source_state::connected});
  for (auto other : {"hub:3, unix", "hub:4, tls, certificate of x until 10m", "until 1970-01-02T00:00:01Z"})
    bus.links.push_back({.peer = other, .direction = link_direction::out, .state = source_state::connected});
  auto text = page_of({{"shop", &bus}});
  CAF_CHECK(has(text, "cafbus_certificate_expires_timestamp_seconds{app=\"shop\"} 1795779000"));
  const std::string name = "cafbus_link_certificate_expires_timestamp_seconds{";
  CAF_CHECK(has(text, name + "app=\"shop\",peer=\"" + peer + "\",direction=\"out\"} 86401"));
  CAF_CHECK_EQUAL(text.find(name), text.rfind(name));
}

CAF_TEST(a bus without certificates says nothing of their end) {
  auto bus = shop();
  CAF_CHECK(page_of({{"shop", &bus}}).find("expires_timestamp_seconds{") == std::string::npos);
}

CAF_TEST(hooks that run and that wait stand beside their limit) {
  auto bus = shop();
  bus.limits->load.hooks = 16;
  bus.limits->load.waiting_hooks = 3;
  auto text = page_of({{"shop", &bus}});
  CAF_CHECK(has(text, "cafbus_hooks_running{app=\"shop\"} 16"));
  CAF_CHECK(has(text, "cafbus_hooks_waiting{app=\"shop\"} 3"));
  CAF_CHECK(has(text, "cafbus_hooks_running_limit{app=\"shop\"} 16"));
}

CAF_TEST(a bus that does not answer is down and has no figures) {
  auto text = page_of({{"gone", nullptr}});
  CAF_CHECK(has(text, "cafbus_up{app=\"gone\"} 0"));
  CAF_CHECK(text.find("cafbus_consumers{") == std::string::npos);
}

CAF_TEST(a bus of another make is up and its counters are unknown) {
  status_response other;
  other.active_conns = 1;
  auto text = page_of({{"go", &other}});
  CAF_CHECK(has(text, "cafbus_up{app=\"go\"} 1"));
  CAF_CHECK(text.find("cafbus_events_total{") == std::string::npos);
}

CAF_TEST(of two buses each series stands once and each family too) {
  auto bus = shop();
  std::istringstream lines{page_of({{"one", &bus}, {"two", &bus}})};
  const std::regex comment{"# (HELP|TYPE) [a-z_]+ .+"};
  const std::regex sample{R"re([a-z_]+\{[a-z_]+="([^"\\]|\\.)*"(,[a-z_]+="([^"\\]|\\.)*")*\} [0-9]+)re"};
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    CAF_CHECK(std::regex_match(line, line[0] == '#' ? comment : sample));
    CAF_CHECK(seen.insert(line.substr(0, line.rfind(' '))).second);
  }
  CAF_CHECK(seen.contains("cafbus_consumers{app=\"one\"}"));
  CAF_CHECK(seen.contains("cafbus_consumers{app=\"two\"}"));
}

CAF_TEST(consumers beyond the limit are left out and that is told) {
  status_response bus;
  bus.version = "1";
  for (int i = 0; i < 150; ++i)
    bus.consumers.push_back({.pid = i, .event_key = "k"});
  auto text = page_of({{"a", &bus}});
  CAF_CHECK(has(text, "cafbus_series_omitted{app=\"a\",metric=\"cafbus_consumer_received_total\"} 50"));
}
