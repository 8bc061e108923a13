#include "gateway/exposition.hpp"

#include <caf/test/unit_test.hpp>

#include <regex>
#include <set>
#include <sstream>

using namespace cafbus;
using namespace cafbus::http;

namespace {

bool has(const std::string& text, const std::string& line) {
  return ('\n' + text).find('\n' + line + '\n') != std::string::npos;
}

status_response busy_bus() {
  status_response x;
  x.version = "1.2";
  x.app = "shop";
  x.uptime_sec = 7;
  x.counters = {10, 2, 3, 5, 1};
  consumer_status one;
  one.pid = 42;
  one.event_key = "a\"b\\c\nd";
  one.received = 5;
  one.dropped = 1;
  x.consumers = {one, one};
  x.sources = {{"stdin", source_state::connected, "", ""}};
  x.unmatched_types = {{"q", 3}};
  return x;
}

} // namespace

CAF_TEST(without a bus the gateway still tells of itself) {
  auto text = exposition(nullptr, {});
  CAF_CHECK(has(text, "cafbus_up 0"));
  CAF_CHECK(has(text, "cafbus_gateway_connections 0"));
  CAF_CHECK(has(text, "cafbus_series_omitted 0"));
}

CAF_TEST(counters of a bus stand under their names) {
  auto bus = busy_bus();
  auto text = exposition(&bus, {});
  CAF_CHECK(has(text, "cafbus_events_total{outcome=\"matched\"} 5"));
  CAF_CHECK(has(text, "cafbus_uptime_seconds 7"));
  CAF_CHECK(has(text, "cafbus_source_state{source=\"stdin\",state=\"connected\"} 1"));
  CAF_CHECK(has(text, "cafbus_unmatched_type_events_total{event_type=\"q\"} 3"));
}

CAF_TEST(labels are escaped and consumers of one name are one series) {
  auto bus = busy_bus();
  CAF_CHECK(has(exposition(&bus, {}), R"(cafbus_consumer_received_total{pid="42",event_key="a\"b\\c\nd"} 10)"));
}

CAF_TEST(series beyond the limit are left out and that is told) {
  status_response bus;
  for (int i = 0; i < 150; ++i)
    bus.consumers.push_back({.pid = i, .event_key = "k"});
  auto text = exposition(&bus, {});
  CAF_CHECK(has(text, "cafbus_series_omitted{metric=\"cafbus_consumer_received_total\"} 50"));
}

CAF_TEST(every line has the form of the format) {
  auto bus = busy_bus();
  const std::regex comment{"# (HELP|TYPE) [a-z_]+ .+"};
  const std::regex sample{R"re([a-z_]+(\{[a-z_]+="([^"\\]|\\.)*"(,[a-z_]+="([^"\\]|\\.)*")*\})? [0-9]+)re"};
  std::istringstream lines{exposition(&bus, {})};
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    CAF_CHECK(std::regex_match(line, line[0] == '#' ? comment : sample));
    CAF_CHECK(line[0] == '#' || seen.insert(line.substr(0, line.rfind(' '))).second); // each series once
  }
}
