#include "actors/link_streams.hpp"
#include "config/defaults.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

constexpr uint64_t peer = 2, third = 3;

using missing = std::vector<missing_events>;
using streams = std::vector<stream_count>;

node_interest in(std::vector<std::string> types, bool patterns = false) {
  node_interest x;
  x.via.resize(types.size(), {1});
  x.is_pattern.resize(types.size(), patterns);
  x.types = std::move(types);
  return x;
}

struct fixture {
  fixture() { testee.connected(peer); }

  /// The peer has answered what was asked last.
  stream_news answer(const streams& x) {
    stream_news news;
    testee.on_list(x, testee.asked_count(), true, news);
    return news;
  }

  stream_news event(uint64_t type_number, const std::string& type = "a", uint64_t node = peer) {
    stream_news news;
    testee.on_event({node, 1'000, node == peer ? 1u : 2u, 0, type_number}, type, news);
    return news;
  }

  link_streams testee;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(link_streams_tests, fixture)

CAF_TEST(a hole between two events is missing) {
  testee.ask(in({"a"}));
  CAF_CHECK(answer({{peer, "a", 10, 1}}).followed == (streams{{peer, "a", 10, 1}}));
  CAF_CHECK(event(11).empty());
  CAF_CHECK(event(14).missing == (missing{{peer, "a", 12, 13, 1}}));
  CAF_CHECK(event(15).empty());
  CAF_CHECK(event(12).empty()); // late
  CAF_CHECK(event(16).empty());
}

CAF_TEST(what was before the wish took hold is not missing) {
  testee.ask(in({"a"}));
  CAF_CHECK(event(7).empty()); // the answer is on its way
  CAF_CHECK(answer({{peer, "a", 100, 1}}).missing.empty());
  CAF_CHECK(event(102).missing == (missing{{peer, "a", 101, 101, 1}}));
}

CAF_TEST(a loss without an event after it is told by a list) {
  testee.ask(in({"a"}));
  answer({{peer, "a", 0, 1}});
  event(1);
  CAF_CHECK(answer({{peer, "a", 5, 1}}).missing == (missing{{peer, "a", 2, 5, 1}}));
  CAF_CHECK(answer({{peer, "a", 5, 1}}).empty());
  CAF_CHECK(event(5).empty());
}

CAF_TEST(a type that comes into being later is counted from its first event) {
  testee.ask(in({"x.>"}, true));
  answer({});
  CAF_CHECK(event(3, "x.new").missing == (missing{{peer, "x.new", 1, 2, 1}}));
  auto of_another = event(3, "x.new", third); // may have begun long before
  CAF_CHECK(of_another.missing.empty());
  CAF_CHECK(of_another.followed == (streams{{third, "x.new", 2, 2}}));
  CAF_CHECK(event(5, "x.new", third).missing == (missing{{third, "x.new", 4, 4, 2}}));
}

CAF_TEST(a wish that goes on over a new connection misses what passed meanwhile) {
  testee.ask(in({"a"}));
  answer({{peer, "a", 0, 1}});
  event(1);
  testee.connected(peer);
  testee.ask(in({"a"}));
  CAF_CHECK(answer({{peer, "a", 8, 1}}).missing == (missing{{peer, "a", 2, 8, 1}}));
}

CAF_TEST(a wish that is made again begins again) {
  testee.ask(in({"a"}));
  answer({{peer, "a", 0, 1}});
  event(1);
  CAF_CHECK(testee.ask({}).left == (streams{{peer, "a", 1, 1}}));
  testee.ask(in({"a"}));
  CAF_CHECK(event(20).empty()); // of before
  CAF_CHECK(answer({{peer, "a", 30, 1}}).missing.empty());
  CAF_CHECK(event(32).missing == (missing{{peer, "a", 31, 31, 1}}));
}

CAF_TEST(a wish that was never answered has nothing to go on from) {
  testee.ask(in({"a"}));
  testee.connected(peer);
  testee.ask(in({"a"}));
  CAF_CHECK(answer({{peer, "a", 8, 1}}).missing.empty());
}

CAF_TEST(what the successor of a bus took in before it was asked is missing) {
  testee.ask(in({"a"}));
  answer({{peer, "a", 5, 1}, {third, "a", 5, 2}});
  testee.connected(9);
  testee.ask(in({"a"}));
  auto news = answer({{9, "a", 4, 1}, {third, "a", 7, 2}});
  CAF_CHECK(news.missing == (missing{{9, "a", 1, 4, 1}, {third, "a", 6, 7, 2}}));
}

CAF_TEST(an event without a number says nothing) {
  testee.ask(in({"a"}));
  answer({{peer, "a", 5, 1}});
  CAF_CHECK(event(0).empty());
}

CAF_TEST(a list of what was not asked for is nothing) {
  testee.ask(in({"a"}));
  CAF_CHECK(answer({{peer, "b", 5, 1}}).empty());
  CAF_CHECK_EQUAL(testee.size(), 0u);
}

CAF_TEST(beyond its bound nothing is followed and nothing is called missing) {
  testee.ask(in({">"}, true));
  answer({});
  for (size_t i = 0; i < defaults::max_link_streams; ++i)
    event(1, "t" + std::to_string(i));
  CAF_CHECK(event(500, "one.more").empty());
  CAF_CHECK_EQUAL(testee.size(), defaults::max_link_streams);
  CAF_CHECK(event(3, "t7").missing == (missing{{peer, "t7", 2, 2, 1}}));
}

CAF_TEST(at its end it follows nothing) {
  testee.ask(in({"a"}));
  answer({{peer, "a", 5, 1}});
  CAF_CHECK_EQUAL(testee.end().left.size(), 1u);
  CAF_CHECK_EQUAL(testee.size(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
