#include "actors/event_router.hpp"

#include "actors/compiled_filter.hpp"
#include "config/defaults.hpp"
#include "messages/filter_text.hpp"
#include "support/batches.hpp"
#include "testing/laws.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

struct fixture {
  event_router testee{dedup_window{100, 10s}};
  dedup_window::time_point now{1h};
  using spans = std::vector<event_span>;

  spans routed_to(uint64_t id, std::span<const event_router::route> routes) {
    for (const auto& x : routes)
      if (x.subscriber == id)
        return x.spans;
    return {};
  }

  void add_filtered(uint64_t id, const std::string& filter, filter_error_policy on_error = filter_error_policy::skip) {
    testee.add(id, {"t"});
    testee.set_filter(id, {std::make_shared<const compiled_filter>(*parse_filter(filter)), on_error});
  }

  ~fixture() { CAF_CHECK_EQUAL(laws::conservation(testee.counters(), {}), ""); }
};

bool same(const std::vector<event_span>& x, const std::vector<event_span>& y) {
  return x == y;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(event_router_tests, fixture)

CAF_TEST(an event goes to every subscriber of its type and to no other) {
  testee.add(1, {"a"});
  testee.add(2, {"a", "b"});
  testee.add(3, {"c"});
  auto routes = testee.routes(*make_batch({{"a"}, {"b"}, {"a"}}), now);
  CAF_CHECK_EQUAL(routes.size(), 2u);
  CAF_CHECK(same(routed_to(1, routes), {{0, 1}, {2, 3}}));
  CAF_CHECK(same(routed_to(2, routes), {{0, 3}}));
}

CAF_TEST(a type that is listed twice is delivered once) {
  testee.add(1, {"a", "b", "a"});
  CAF_CHECK(same(routed_to(1, testee.routes(*make_batch({{"a"}}), now)), {{0, 1}}));
}

CAF_TEST(a run of one type is one span) {
  testee.add(1, {"t"});
  CAF_CHECK(same(routed_to(1, testee.routes(*numbered_batch(1000), now)), {{0, 1000}}));
}

CAF_TEST(duplicates are left out and leave a hole in the span but not in the count) {
  testee.add(1, {"t"});
  auto routes = testee.routes(*make_batch({{"t", "x"}, {"t", "x"}, {"t", "y"}}), now);
  CAF_CHECK(same(routed_to(1, routes), {{0, 1}, {2, 3}}));
  CAF_CHECK_EQUAL(testee.counters(), (bus_counters{3, 1, 0, 2, 0}));
}

CAF_TEST(an event without an id is never a duplicate) {
  testee.add(1, {"t"});
  testee.routes(*make_batch({{"t"}, {"t"}}), now);
  CAF_CHECK_EQUAL(testee.counters().matched, 2u);
}

CAF_TEST(an event that nobody wants claims no id) {
  testee.routes(*make_batch({{"t", "x"}}), now);
  CAF_CHECK_EQUAL(testee.counters().unmatched, 1u);
  testee.add(1, {"t"});
  CAF_CHECK_EQUAL(testee.routes(*make_batch({{"t", "x"}}), now).size(), 1u);
  CAF_CHECK_EQUAL(testee.routes(*make_batch({{"t", "x"}}), now).size(), 0u);
}

CAF_TEST(unmatched types are listed newest first and in bounded number) {
  for (int i = 0; i < 100; ++i)
    testee.routes(*make_batch({{"type" + std::to_string(i)}, {"again"}}), now);
  const auto& list = testee.unmatched_types();
  CAF_CHECK_EQUAL(list.size(), defaults::unmatched_types);
  CAF_CHECK_EQUAL(list.front(), (unmatched_type{"again", 100}));
  CAF_CHECK_EQUAL(list[1], (unmatched_type{"type99", 1}));
}

CAF_TEST(a removed subscriber gets nothing and its place can be taken) {
  testee.add(1, {"a"});
  testee.add(2, {"a"});
  testee.remove(1);
  testee.remove(1);
  testee.remove(77);
  testee.add(3, {"b"});
  auto routes = testee.routes(*make_batch({{"a"}, {"b"}}), now);
  CAF_CHECK(same(routed_to(1, routes), {}));
  CAF_CHECK(same(routed_to(2, routes), {{0, 1}}));
  CAF_CHECK(same(routed_to(3, routes), {{1, 2}}));
}

CAF_TEST(routes do not carry over from one batch to the next) {
  testee.add(1, {"a"});
  testee.add(2, {"b"});
  CAF_CHECK_EQUAL(testee.routes(*make_batch({{"a"}, {"b"}}), now).size(), 2u);
  auto routes = testee.routes(*make_batch({{"b"}}), now);
  CAF_CHECK_EQUAL(routes.size(), 1u);
  CAF_CHECK(same(routed_to(2, routes), {{0, 1}}));
}

CAF_TEST(a pattern gets what it stands for and nothing else) {
  testee.add(1, {}, {"a.*"});
  testee.add(2, {}, {"a.>"});
  testee.add(3, {"a.b"});
  auto batch = make_batch({{"a.b", "", "1"}, {"a.b.c", "", "2"}, {"a", "", "3"}});
  auto routes = testee.routes(*batch, now);
  CAF_CHECK(same(routed_to(1, routes), {{0, 1}}));
  CAF_CHECK(same(routed_to(2, routes), {{0, 2}}));
  CAF_CHECK(same(routed_to(3, routes), {{0, 1}}));
  CAF_CHECK_EQUAL(testee.counters().unmatched, 1u);
}

CAF_TEST(an event that a subscriber wants by name and by two patterns comes once) {
  testee.add(1, {"a.b"}, {"a.*", ">", "a.*"});
  auto routes = testee.routes(*make_batch({{"a.b", "", "1"}}), now);
  CAF_REQUIRE_EQUAL(routes.size(), 1u);
  CAF_CHECK(same(routes[0].spans, {{0, 1}}));
  testee.remove(1);
  CAF_CHECK(testee.routes(*make_batch({{"a.b", "", "1"}}), now).empty());
}

CAF_TEST(what is known of a type follows those who come and go) {
  auto batch = make_batch({{"a.b", "", "1"}});
  testee.add(1, {}, {"x.*"});
  CAF_CHECK(testee.routes(*batch, now).empty());
  testee.add(2, {}, {"a.*"});
  CAF_CHECK_EQUAL(testee.routes(*batch, now).size(), 1u);
  testee.add(3, {"a.b"});
  CAF_CHECK_EQUAL(testee.routes(*batch, now).size(), 2u);
  testee.remove(3);
  CAF_CHECK_EQUAL(testee.routes(*batch, now).size(), 1u);
  testee.remove(2);
  CAF_CHECK(testee.routes(*batch, now).empty());
  testee.remove(1);
  testee.add(4, {"a.b"});
  CAF_CHECK_EQUAL(testee.routes(*batch, now).size(), 1u);
}

CAF_TEST(a filter keeps events from its subscriber and from no other) {
  add_filtered(1, "/n > 0");
  testee.add(2, {"t", "u"});
  auto routes = testee.routes(*make_batch({{"t", "", R"({"n":0})"}, {"t", "", R"({"n":1})"}, {"u"}}), now);
  CAF_CHECK(same(routed_to(1, routes), {{1, 2}}));
  CAF_CHECK(same(routed_to(2, routes), {{0, 3}}));
  CAF_CHECK_EQUAL(testee.filtering_of(1).filtered, 1u);
  CAF_CHECK_EQUAL(testee.filtering_of(1).errors, 0u);
  CAF_CHECK_EQUAL(testee.filtering_of(2).filtered, 0u);
}

CAF_TEST(a subscriber whose filter wants nothing of a batch has no route) {
  add_filtered(1, "/n > 0");
  CAF_CHECK(testee.routes(*make_batch({{"t", "", R"({"n":0})"}}), now).empty());
  CAF_CHECK_EQUAL(testee.counters().matched, 1u);
}

CAF_TEST(what a filter cannot judge is skipped or passed as its subscriber says) {
  add_filtered(1, "/n > 0", filter_error_policy::skip);
  add_filtered(2, "/n > 0", filter_error_policy::pass);
  auto routes = testee.routes(*make_batch({{"t", "", R"({"n":1})"}, {"t"}, {"t", "", R"({"n":0})"}}), now);
  CAF_CHECK(same(routed_to(1, routes), {{0, 1}}));
  CAF_CHECK(same(routed_to(2, routes), {{0, 2}}));
  CAF_CHECK_EQUAL(testee.filtering_of(1).filtered, 2u);
  CAF_CHECK_EQUAL(testee.filtering_of(1).errors, 1u);
  CAF_CHECK_EQUAL(testee.filtering_of(2).filtered, 1u);
  CAF_CHECK_EQUAL(testee.filtering_of(2).errors, 1u);
  CAF_CHECK(testee.failed().empty());
}

CAF_TEST(a filter that is to fail gives what came before and nothing after) {
  add_filtered(1, "/n > 0", filter_error_policy::fail);
  const auto one = R"({"n":1})";
  auto batch =
      make_batch({{"t", "", one}, {"t", "", R"({"n":0})"}, {"t", "", one}, {"t"}, {"t", "", one}, {"u"}, {"t"}});
  CAF_CHECK(same(routed_to(1, testee.routes(*batch, now)), {{0, 1}, {2, 3}}));
  CAF_REQUIRE_EQUAL(testee.failed().size(), 1u);
  CAF_CHECK_EQUAL(testee.failed()[0].subscriber, 1u);
  CAF_CHECK_EQUAL(testee.failed()[0].why, "the member /n is missing");
  CAF_CHECK_EQUAL(testee.filtering_of(1).filtered, 1u);
  CAF_CHECK_EQUAL(testee.filtering_of(1).errors, 1u);
  CAF_CHECK(testee.routes(*batch, now).empty());
  CAF_CHECK(testee.failed().empty());
}

CAF_TEST(a filter goes with its subscriber) {
  add_filtered(1, "/n > 0");
  testee.remove(1);
  testee.add(2, {"t"});
  CAF_CHECK_EQUAL(testee.routes(*make_batch({{"t"}}), now).size(), 1u);
  CAF_CHECK(testee.filtering_of(1).filter == nullptr);
  CAF_CHECK(testee.filtering_of(2).filter == nullptr);
}

CAF_TEST_FIXTURE_SCOPE_END()
