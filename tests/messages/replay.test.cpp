#include "messages/replay.hpp"

#include "messages/event_cursor.hpp"
#include "messages/event_encoder.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;
using std::chrono::system_clock;

namespace {

const system_clock::time_point now{500'000h};

std::string since(std::string_view text) {
  auto parsed = parse_since(text, now);
  return parsed ? to_rfc3339(*parsed) : "refused";
}

} // namespace

CAF_TEST(a wish names exactly one thing) {
  CAF_CHECK(check_replay({.last = 1}));
  CAF_CHECK(check_replay({.last = UINT64_MAX}));
  CAF_CHECK(check_replay({.since = "10m"}));
  CAF_CHECK(check_replay({.latest = true}));
  CAF_CHECK(check_replay({.cursor = to_text(event_cursor{1, 1})}));
  CAF_CHECK(!check_replay({}));
  CAF_CHECK(!check_replay({.last = 1, .latest = true}));
  CAF_CHECK(!check_replay({.since = "10m", .cursor = to_text(event_cursor{1, 1})}));
}

CAF_TEST(a bus without a history says how it would have one) {
  runtime_limits limits;
  CAF_CHECK(check_replay({.last = 1}, limits));
  CAF_CHECK(!check_replay({}, limits));
  limits.history_bytes = 0;
  auto checked = check_replay({.last = 1}, limits);
  CAF_REQUIRE(!checked);
  CAF_CHECK(checked.error().text.find("history-bytes") != std::string::npos);
  limits.history_bytes = 1;
  limits.history_events = 0;
  CAF_CHECK(!check_replay({.last = 1}, limits));
}

CAF_TEST(a time is RFC 3339 in any zone or a duration before now) {
  CAF_CHECK_EQUAL(since("2026-11-27T11:30:00Z"), "2026-11-27T11:30:00.000000000Z");
  CAF_CHECK_EQUAL(since("2026-11-27t11:30:00.123456789z"), "2026-11-27T11:30:00.123456789Z");
  CAF_CHECK_EQUAL(since("2026-11-27 11:30:00.5+02:30"), "2026-11-27T09:00:00.500000000Z");
  CAF_CHECK_EQUAL(since("2024-02-29T23:59:60-00:01"), "2024-03-01T00:01:00.000000000Z");
  CAF_CHECK_EQUAL(since("1h30m"), to_rfc3339(now - 90min));
  CAF_CHECK_EQUAL(since("0"), to_rfc3339(now));
  CAF_CHECK_EQUAL(since("1823-01-01T00:00:00Z"), "1970-01-01T00:00:00.000000000Z");
  CAF_CHECK_EQUAL(since("100000d"), "1970-01-01T00:00:00.000000000Z");
}

CAF_TEST(other texts are no time) {
  for (const auto* text :
       {"", "yesterday", "10", "-5m", "2026-11-27", "2026-11-27T11:30", "2026-11-27T11:30:00", "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-11-27T24:00:00Z", "2026-11-27T11:60:00Z", "2026-11-27T11:30:00.Z",
        "2026-11-27T11:30:00Z ", "2026-11-27T11:30:00+2:00", "-026-11-27T11:30:00Z", "9999-11-27T11:30:00Z",
        "2026-11-27T-1:30:00Z", "2026-11-27T11:30:00+99:00"})
    CAF_CHECK_EQUAL(since(text), "refused");
}
