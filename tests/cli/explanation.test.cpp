#include "cli/explanation.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

status_response running() {
  status_response x{.pid = 1, .uptime_sec = 60};
  x.version = "1";
  x.sources = {{"s", source_state::connected, "", "then"}};
  x.counters = {10, 0, 10, 0, 0};
  x.last_event_at = "then";
  return x;
}

std::vector<event_stage> stages(const status_response& x, const std::string& key, int64_t pid = 0) {
  std::vector<event_stage> result;
  for (const auto& y : why_nothing(x, key, pid))
    result.push_back(y.stage);
  return result;
}

using enum event_stage;
using list = std::vector<event_stage>;

} // namespace

CAF_TEST(a link that is down is a source that is down) {
  auto x = running();
  x.links = {{.peer = "host:1", .direction = link_direction::in, .state = source_state::reconnecting}};
  auto found = why_nothing(x, "k");
  CAF_CHECK(found[0] == (finding{source, "the link to host:1 is reconnecting"}));
}

CAF_TEST(a bus of another make cannot be asked) {
  CAF_CHECK(stages({}, "k") == list{source});
}

CAF_TEST(only the consumer that asks is explained to itself) {
  auto x = running();
  x.consumers = {{.pid = 5, .event_key = "k", .received = 3, .delivered = 3}, {.pid = 6, .event_key = "k"}};
  CAF_CHECK(stages(x, "k", 6) == (list{type, consumer}));
  CAF_CHECK(stages(x, "k", 5) == list{handler});
}

CAF_TEST(a consumer of a pattern is one of every type that it stands for) {
  auto x = running();
  x.consumers = {{.pid = 5, .event_key = "all", .received = 3, .delivered = 3, .patterns = {"a.>"}}};
  CAF_CHECK(stages(x, "a.b") == list{handler});
  CAF_CHECK(stages(x, "a.>") == list{handler});
  CAF_CHECK(stages(x, "b") == (list{type, consumer}));
}

CAF_TEST(a filter that keeps events back is named before what is behind it) {
  auto x = running();
  consumer_status filtered{.pid = 5, .event_key = "k"};
  filtered.filter = {{"/a", "exists", {}}};
  filtered.filtered = 7;
  x.consumers = {filtered};
  CAF_CHECK(why_nothing(x, "k")[0] ==
            (finding{filter, "the filter of consumer 5 kept back 7 events of its types, and let 0 pass: /a exists"}));
  CAF_CHECK(stages(x, "k") == list{filter});
  x.consumers[0].received = x.consumers[0].delivered = 3;
  CAF_CHECK(stages(x, "k") == (list{filter, handler}));
}

CAF_TEST(names from the bus cannot command a terminal) {
  auto x = running();
  x.sources[0] = {"\x1b[2J", source_state::stale, "\x1b", "then"};
  for (const auto& y : why_nothing(x, "k"))
    CAF_CHECK(y.text.find('\x1b') == std::string::npos);
}

CAF_TEST(a member of a group is told who has the events and what it has not confirmed) {
  auto x = running();
  x.consumers = {{.pid = 5, .event_key = "k", .received = 3, .delivered = 3}, {.pid = 6, .event_key = "k"}};
  x.consumers[0].group = x.consumers[1].group = "g";
  x.consumers[0].in_flight = 2;
  x.groups = {{.name = "g", .members = 2, .ack = true, .received = 9, .waiting = 4, .in_flight = 2, .lost = 1}};
  auto found = why_nothing(x, "k", 5);
  CAF_REQUIRE(found.size() == 2);
  CAF_CHECK(found[0] == (finding{queue, "group g was too slow: 1 of its 9 events were dropped"}));
  CAF_CHECK(found[1] == (finding{handler, "consumer 5 has not confirmed 2 events; 4 more wait in group g"}));
  x.groups[0].lost = 0;
  found = why_nothing(x, "k", 6);
  CAF_CHECK(found.back() == (finding{consumer, "the events of group g have gone to other members than consumer 6"}));
}

CAF_TEST(what a consumer says of its events is told) {
  auto x = running();
  x.consumers = {{.pid = 5, .event_key = "k", .received = 9, .delivered = 9, .stats = consumer_stats{4}}};
  CAF_CHECK(why_nothing(x, "k").back() ==
            (finding{handler,
                     "consumer 5 has received all of its 9 events, and says that it has handled 4, and works on 5"}));
  x.consumers[0].stats = consumer_stats{0, 8, 1};
  CAF_CHECK(
      why_nothing(x, "k").back() ==
      (finding{handler,
               "consumer 5 has received all of its 9 events, and says that it has handled 0, failed on 8, lost 1"}));
}

CAF_TEST(events that nobody asked for are said to be kept only if the bus keeps some) {
  auto x = running();
  x.unmatched_types = {{.event_type = "a b", .count = 3}};
  const auto text = [&](size_t i) { return why_nothing(x, "a b")[i].text; };
  CAF_CHECK(text(0).find("and were not kept") != std::string::npos);
  CAF_CHECK(text(1).find("are not kept, since the bus keeps no past events: start `cafbus consume 'a b'`") !=
            std::string::npos);
  x.limits.emplace();
  CAF_CHECK(text(0).find("; `cafbus consume 'a b' --last 3` prints those that the bus still has") != std::string::npos);
  CAF_CHECK(text(1).find("`cafbus consume 'a b' --since 10m` begins with past ones") != std::string::npos);
  for (size_t i = 0; i < 2; ++i)
    CAF_CHECK(text(i).find("not kept") == std::string::npos);
}
