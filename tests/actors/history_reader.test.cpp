#include "actors/history_reader.hpp"

#include "messages/event_cursor.hpp"
#include "messages/filter_text.hpp"
#include "tests/support/batches.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

constexpr size_t any = size_t{1} << 30;

struct fixture {
  history past{{any, any, 0ns}};
  history_moment at{77, 0, history::time_point{1h}, std::chrono::system_clock::time_point{1000h}, true};
  consumer_info who{1, "k", "k", {"a", "b"}};

  void came(const std::vector<test_event>& events, bool unclaimed = false) {
    auto batch = make_batch(events);
    past.keep(batch, all_of(batch), at.last_position + 1, unclaimed, at.now);
    at.last_position += batch->size();
  }
  void time_passes(std::chrono::nanoseconds x) {
    at.now += x;
    at.system_now += x;
  }

  history_selection chosen(const replay_wish& wish) {
    who.replay = wish;
    CAF_CHECK(check_filter(who.filter));
    return select(past, who, who.filter.empty() ? nullptr : std::make_shared<const compiled_filter>(who.filter), at);
  }
  static std::string payloads(const history_selection& x) {
    std::string result;
    for (const auto& range : x.events)
      for (auto i = range.first; i < range.last; ++i)
        result.append(range.batch->payload(i)) += ' ';
    return result;
  }
  std::string got(const replay_wish& wish) { return payloads(chosen(wish)); }
  std::string cursor(uint64_t position) const { return to_text(event_cursor{at.epoch, position}); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(history_reader_tests, fixture)

CAF_TEST(the last events of the types that are wanted come in their order) {
  came({{"a", "", "1"}, {"x", "", "2"}, {"b", "", "3"}});
  came({{"x", "", "4"}});
  came({{"b", "", "5"}, {"a", "", "6"}, {"x", "", "7"}});
  CAF_CHECK_EQUAL(got({.last = 2}), "5 6 ");
  CAF_CHECK_EQUAL(got({.last = 3}), "3 5 6 ");
  CAF_CHECK_EQUAL(got({.last = any}), "1 3 5 6 ");
  who.patterns = {">"};
  CAF_CHECK_EQUAL(got({.last = 3}), "5 6 7 ");
}

CAF_TEST(without a wish there is nothing) {
  came({{"a"}});
  who.replay.reset();
  CAF_CHECK(select(past, who, nullptr, at).events.empty());
}

CAF_TEST(what came at a moment belongs to the time since then) {
  came({{"a", "", "1"}});
  time_passes(10s);
  came({{"a", "", "2"}});
  time_passes(10s);
  CAF_CHECK_EQUAL(got({.since = "20s"}), "1 2 ");
  CAF_CHECK_EQUAL(got({.since = "19s"}), "2 ");
  CAF_CHECK_EQUAL(got({.since = "10s"}), "2 ");
  CAF_CHECK_EQUAL(got({.since = "9s"}), "");
  const auto time = to_rfc3339(at.system_now - 10s);
  CAF_CHECK_EQUAL(got({.since = time}), "2 ");
  CAF_CHECK_EQUAL(got({.since = "1970-01-01T00:00:00Z"}), "1 2 ");
}

CAF_TEST(the latest is the newest event of each type) {
  came({{"a", "", "1"}, {"b", "", "2"}, {"a", "", "3"}});
  came({{"x", "", "4"}, {"b", "", "5"}});
  CAF_CHECK_EQUAL(got({.latest = true}), "3 5 ");
  who.filter = *parse_filter(R"("" < 5)");
  CAF_CHECK_EQUAL(got({.latest = true}), "2 3 ");
}

CAF_TEST(behind a cursor come the events after it and none twice) {
  came({{"a", "", "1"}, {"x", "", "2"}, {"b", "", "3"}});
  came({{"a", "", "4"}});
  for (auto [position, expected] : {std::pair{0, "1 3 4 "}, {1, "3 4 "}, {2, "3 4 "}, {3, "4 "}, {4, ""}}) {
    auto x = chosen({.cursor = cursor(static_cast<uint64_t>(position))});
    CAF_CHECK_EQUAL(payloads(x), expected);
    CAF_CHECK(!x.lost);
  }
}

CAF_TEST(a cursor from which events have gone says how many at most) {
  past = history{{2, any, 0ns}};
  came({{"a", "", "1"}, {"a", "", "2"}, {"a", "", "3"}, {"a", "", "4"}});
  auto x = chosen({.cursor = cursor(1)});
  CAF_CHECK_EQUAL(payloads(x), "3 4 ");
  CAF_REQUIRE(x.lost);
  CAF_CHECK(*x.lost == (gap_frame{1, 0, 1, gap_reason::expired}));
  CAF_CHECK(!chosen({.cursor = cursor(2)}).lost);
}

CAF_TEST(a cursor of another bus gets all that there is and is told of a restart) {
  came({{"a", "", "1"}});
  for (const auto& foreign : {to_text(event_cursor{78, 1}), cursor(2), cursor(UINT64_MAX)}) {
    auto x = chosen({.cursor = foreign});
    CAF_CHECK_EQUAL(payloads(x), "1 ");
    CAF_REQUIRE(x.lost);
    CAF_CHECK(*x.lost == (gap_frame{1, 0, 0, gap_reason::restart}));
  }
}

CAF_TEST(positions are those of what came in) {
  came({{"a", "", "1"}, {"x", "", "2"}, {"b", "", "3"}});
  auto x = chosen({.last = 2});
  CAF_REQUIRE_EQUAL(x.events.size(), 2u);
  CAF_CHECK_EQUAL(x.events[0].position(x.events[0].first), 1u);
  CAF_CHECK_EQUAL(x.events[1].position(x.events[1].first), 3u);
}

CAF_TEST(only what a filter lets through counts) {
  came({{"a", "", "1"}, {"a", "", "20"}, {"a", "", "3"}, {"x", "", "4"}, {"a", "", "30"}, {"a", "", "5"}});
  who.filter = *parse_filter(R"("" > 10)");
  auto x = chosen({.last = 2});
  CAF_CHECK_EQUAL(payloads(x), "20 30 ");
  CAF_CHECK_EQUAL(x.filtered, 2u);
  CAF_CHECK_EQUAL(x.errors, 0u);
}

CAF_TEST(what a filter cannot judge is skipped or passed or ends it) {
  came({{"a", "", "1"}, {"a", "", "20"}, {"a", "", "\"?\""}, {"a", "", "30"}});
  who.filter = *parse_filter(R"("" > 10)");
  auto skipped = chosen({.last = 9});
  CAF_CHECK_EQUAL(payloads(skipped), "20 30 ");
  CAF_CHECK_EQUAL(skipped.errors, 1u);
  CAF_CHECK_EQUAL(skipped.filtered, 2u);
  who.on_filter_error = filter_error_policy::pass;
  CAF_CHECK_EQUAL(got({.last = 9}), "20 \"?\" 30 ");
  who.on_filter_error = filter_error_policy::fail;
  auto failed = chosen({.last = 9});
  CAF_CHECK_EQUAL(payloads(failed), "20 ");
  CAF_CHECK(!failed.failure.empty());
  CAF_CHECK_EQUAL(failed.errors, 1u);
}

CAF_TEST(an id that stands there twice is taken once) {
  came({{"a", "i", "1"}, {"a", "j", "2"}, {"a", "", "3"}}, true);
  came({{"a", "i", "1"}, {"a", "", "3"}});
  auto x = chosen({.last = 9});
  CAF_CHECK_EQUAL(payloads(x), "2 3 1 3 ");
  CAF_CHECK_EQUAL(x.unclaimed, (std::vector<std::string>{"j"}));
  at.finds_duplicates = false;
  CAF_CHECK_EQUAL(got({.last = 9}), "1 2 3 1 3 ");
}

CAF_TEST(few events of many large batches do not keep those alive) {
  for (size_t i = 0; i < 4; ++i) {
    std::vector<test_event> events(100, {"x", "", '"' + std::string(1'000, 'x') + '"'});
    events[50] = {"a", "", std::to_string(i)};
    came(events);
  }
  auto x = chosen({.last = 3});
  CAF_CHECK_EQUAL(payloads(x), "1 2 3 ");
  CAF_REQUIRE_EQUAL(x.events.size(), 1u);
  CAF_CHECK(held_bytes(*x.events[0].batch) < 5'000);
  CAF_CHECK_EQUAL(x.events[0].position(2), 351u);
}

CAF_TEST_FIXTURE_SCOPE_END()
