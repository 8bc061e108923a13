#include "cli/status_text.hpp"

#include "config/version.hpp"

#include <algorithm>
#include <sstream>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

using lines = std::vector<std::string>;

/// A bus with one source and one consumer to which nothing bad has happened.
status_response healthy() {
  status_response x;
  x.pid = 7;
  x.uptime_sec = 3'725;
  x.active_conns = 1;
  x.version = version();
  x.app = "app";
  x.state = bus_phase::running;
  x.socket = "/run/bus.sock";
  x.last_event_at = "2026-01-02T03:04:05Z";
  x.counters = {.ingress = 10, .duplicates = 1, .unmatched = 0, .matched = 9, .rejected = 0};
  x.sources = {{"stdin", source_state::connected, "", "2026-01-02T03:00:00Z"}};
  x.consumers = {{.pid = 42, .event_key = "im.message", .subscription_id = "im", .received = 9, .delivered = 9}};
  return x;
}

lines lines_of(const std::string& text) {
  lines result;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    result.push_back(line);
  return result;
}

/// What stands behind `name` in each line that begins with it.
lines fields(const status_response& x, const std::string& name) {
  lines result;
  for (const auto& line : lines_of(status_text(x)))
    if (line.starts_with(name + ' '))
      result.push_back(line.substr(std::min<size_t>(12, line.size())));
  return result;
}

} // namespace

CAF_TEST(a healthy bus is described and not explained) {
  CAF_CHECK_EQUAL(status_text(healthy()),
                  "state       running\n"
                  "app         app\n"
                  "pid         7\n"
                  "uptime      1h 2min\n"
                  "version     " +
                      std::string{version()} +
                      "\n"
                      "socket      /run/bus.sock\n"
                      "source      stdin connected since 2026-01-02T03:00:00Z\n"
                      "events      ingress=10 duplicates=1 unmatched=0 matched=9 rejected=0\n"
                      "last event  2026-01-02T03:04:05Z\n"
                      "connections 1\n"
                      "\n"
                      "PID  KEY         SUBSCRIPTION  RECEIVED  DELIVERED  DROPPED  QUEUED  TYPES\n"
                      "42   im.message  im            9         9          0        0       im.message\n");
  CAF_CHECK(explain(healthy()).empty());
}

CAF_TEST(a bus of another make is not credited with what it does not say) {
  auto x = healthy();
  x.version.clear();
  CAF_CHECK_EQUAL(fields(x, "events"), lines{"unknown"});
  CAF_CHECK_EQUAL(fields(x, "version"), lines{"unknown"});
  CAF_CHECK_EQUAL(explain(x).size(), 1u);
  CAF_CHECK(status_text(x).find("42   im.message  im            9         unknown    0        unknown") !=
            std::string::npos);
}

CAF_TEST(an uptime is told in its two largest units) {
  auto told = [](int64_t seconds) {
    auto x = healthy();
    x.uptime_sec = seconds;
    return fields(x, "uptime").at(0);
  };
  CAF_CHECK_EQUAL(told(0), "0s");
  CAF_CHECK_EQUAL(told(59), "59s");
  CAF_CHECK_EQUAL(told(60), "1min 0s");
  CAF_CHECK_EQUAL(told(3'599), "59min 59s");
  CAF_CHECK_EQUAL(told(3'600), "1h 0min");
}

CAF_TEST(a bus of another version is told with the way out) {
  auto x = healthy();
  CAF_CHECK(explain(x).empty());
  x.version = "0.0.9";
  CAF_REQUIRE_EQUAL(explain(x).size(), 1u);
  CAF_CHECK(explain(x)[0].starts_with("this bus is of version 0.0.9, and this program of " + std::string{version()}));
  CAF_CHECK(explain(x)[0].find("cafbus restart") != std::string::npos);
}

CAF_TEST(limits stand beside what is held of them) {
  auto x = healthy();
  x.limits.emplace();
  x.limits->load = {.connections = 3, .half_open = 1, .refused = 0, .paused = true, .queued_bytes = 100};
  x.limits->limits.max_connections = 0;
  x.limits->limits.max_half_open = 64;
  x.limits->limits.max_queued_bytes = 1 << 20;
  auto clients = fields(x, "clients").at(0);
  CAF_CHECK_EQUAL(clients.find("3; half-open 1 of at most 64; refused 0; "), 0u);
  CAF_CHECK(clients.find("no connection is accepted until one ends") != std::string::npos);
  CAF_CHECK_EQUAL(fields(x, "waiting").at(0).find("100 bytes of at most 1MiB"), 0u);
  CAF_CHECK_EQUAL(fields(x, "limits").size(), 1u);
  CAF_CHECK(fields(x, "hooks") == lines{"0 running of at most 16"});
  x.limits->load.hooks = 16;
  x.limits->load.waiting_hooks = 3;
  CAF_CHECK(fields(x, "hooks") == lines{"16 running of at most 16; 3 waiting for a free place"});
}

CAF_TEST(groups are told with what has become of their events) {
  status_response x;
  x.groups = {{.name = "billing", .members = 2, .waiting = 3, .in_flight = 4, .done = 5, .redelivered = 6, .dead = 7}};
  CAF_CHECK(status_text(x).find("group       billing members=2 waiting=3 in_flight=4 done=5 redelivered=6 dead=7 "
                                "lost=0\n") != std::string::npos);
}

CAF_TEST(links are told by their direction) {
  auto x = healthy();
  x.links = {{.peer = "a:1", .direction = link_direction::in, .state = source_state::connected, .missed = 4},
             {.peer = "b", .direction = link_direction::out, .state = source_state::stale, .dropped = 2, .queued = 5}};
  CAF_CHECK_EQUAL(fields(x, "link"), (lines{"from a:1 connected types=0 received=0 dropped=0 missed=4",
                                            "to b stale types=0 received=0 dropped=2 queued=5"}));
  CAF_CHECK_EQUAL(explain(x).size(), 2u);
}

CAF_TEST(only a consumer that asked for a queue of its own has a line about it) {
  auto x = healthy();
  CAF_CHECK(fields(x, "queue").empty());
  auto& consumer = x.consumers[0];
  consumer.policy = queue_policy::block;
  consumer.block_ms = 500;
  consumer.queue_capacity = 10;
  consumer.queue_bytes = 4'096;
  CAF_CHECK_EQUAL(fields(x, "queue"),
                  lines{"consumer 42: policy block for at most 500 ms, at most 10 events, at most 4KiB"});
}

CAF_TEST(events that reached nobody are explained by the types on both sides) {
  auto x = healthy();
  x.counters.unmatched = 3;
  x.unmatched_types = {{"im.msg", 3}};
  auto why = explain(x);
  CAF_REQUIRE_EQUAL(why.size(), 1u);
  CAF_CHECK_EQUAL(why[0], "3 of 10 events reached no consumer; latest types: im.msg; consumers ask for: im.message");
  CAF_CHECK_EQUAL(fields(x, "why"), why);
}

CAF_TEST(a long list of names is cut and says by how many) {
  auto x = healthy();
  x.counters.unmatched = 9;
  for (int i = 0; i < 10; ++i)
    x.unmatched_types.push_back({"t" + std::to_string(i), 1});
  CAF_CHECK(explain(x).at(0).find("t6, t7, and 2 more;") != std::string::npos);
}

CAF_TEST(a consumer that makes publishers wait is named with them) {
  auto x = healthy();
  x.consumers[0].blocks = {0, 5, 5};
  auto why = explain(x);
  CAF_REQUIRE_EQUAL(why.size(), 1u);
  CAF_CHECK(why[0].find("consumer 42 (policy block)") == 0);
  CAF_CHECK(why[0].find("a source of the bus, publisher 5") != std::string::npos);
}

CAF_TEST(losses and refusals are told with their numbers) {
  auto x = healthy();
  x.consumers[0].dropped = 4;
  x.limits.emplace();
  x.limits->load.refused = 6;
  auto why = explain(x);
  CAF_REQUIRE_EQUAL(why.size(), 2u);
  CAF_CHECK_EQUAL(why[0].find("6 connections were refused"), 0u);
  CAF_CHECK(why[1].find("4 of its 9 events were dropped") != std::string::npos);
}

CAF_TEST(a bus that nothing reaches says what is missing) {
  status_response x;
  x.version = version();
  CAF_CHECK_EQUAL(explain(x), (lines{"no consumer is connected", "the bus has no source and nothing was published"}));
  x.counters.rejected = 5;
  x.sources = {{"stdin", source_state::disconnected, "", ""}};
  CAF_CHECK_EQUAL(explain(x), (lines{"no consumer is connected", "the source stdin is disconnected",
                                     "5 lines came in and none of them was an event"}));
}

CAF_TEST(what a peer has named keeps its place in the table and cannot command a terminal) {
  auto x = healthy();
  x.app = "\x1b[2J";
  x.sources[0].detail = "\x1b]0;";
  x.consumers[0].event_key = "a b";
  x.consumers[0].subscription_id = "";
  x.consumers[0].event_types = {"\x1b[1m"};
  auto text = status_text(x);
  CAF_CHECK(text.find('\x1b') == std::string::npos);
  CAF_CHECK(text.find("42   a_b  -             9") != std::string::npos);
}
