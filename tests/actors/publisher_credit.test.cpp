#include "actors/publisher_credit.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

using tickets = std::vector<uint64_t>;

struct fixture {
  publisher_credit testee;
  publisher_credit::time_point now{};

  fixture() {
    testee.add(1, 10s);
    testee.add(2, 20s);
  }
  publisher_credit::to_do hold(uint64_t batch, uint64_t consumer, std::chrono::nanoseconds limit = 0s) {
    return testee.hold(batch, {static_cast<int64_t>(100 + batch), limit}, consumer, {1, 10}, now);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(publisher_credit_tests, fixture)

CAF_TEST(a batch waits until every consumer that it was for has room) {
  CAF_CHECK(hold(7, 1).ask);
  CAF_CHECK(hold(7, 2).ask);
  CAF_CHECK(testee.is_held(7));
  testee.has_room(1, {});
  CAF_CHECK(testee.take_released().empty());
  testee.has_room(2, {});
  CAF_CHECK_EQUAL(testee.take_released(), (tickets{7}));
  CAF_CHECK(!testee.is_held(7));
}

CAF_TEST(nobody waits for a consumer of another policy) {
  CAF_CHECK(!hold(7, 3).ask);
  CAF_CHECK(!testee.is_held(7));
}

CAF_TEST(a consumer is asked once however many wait for it) {
  CAF_CHECK(hold(7, 1).ask);
  CAF_CHECK(!hold(8, 1).ask);
  CAF_CHECK_EQUAL(testee.waiting_for(1), (std::vector<int64_t>{107, 108}));
  testee.has_room(1, {});
  CAF_CHECK_EQUAL(testee.take_released(), (tickets{7, 8}));
  CAF_CHECK(testee.waiting_for(1).empty());
}

CAF_TEST(a spent consumer is waited for again when it has room) {
  CAF_CHECK(hold(7, 1).timer == std::optional<std::chrono::nanoseconds>{10s});
  now += 10s;
  CAF_CHECK(!testee.look(1, now));
  CAF_CHECK_EQUAL(testee.take_released(), (tickets{7}));
  CAF_CHECK(!hold(8, 1).ask);
  CAF_CHECK(!testee.is_held(8));
  testee.has_room(1, {});
  CAF_CHECK(hold(9, 1).timer.has_value());
  CAF_CHECK(testee.is_held(9));
}

CAF_TEST(one timer runs per consumer and each wait has its whole time) {
  CAF_CHECK(hold(7, 1).timer.has_value());
  now += 4s;
  testee.has_room(1, {});
  CAF_CHECK(!hold(8, 1).timer);
  now += 6s;
  CAF_CHECK(testee.look(1, now) == std::optional<std::chrono::nanoseconds>{4s});
  CAF_CHECK(testee.is_held(8));
  now += 4s;
  CAF_CHECK(!testee.look(1, now));
  CAF_CHECK(!testee.is_held(8));
}

CAF_TEST(nobody waits for a consumer that has gone nor when the bus stops) {
  hold(7, 1);
  testee.remove(1);
  hold(8, 2);
  testee.release_all();
  CAF_CHECK_EQUAL(testee.take_released(), (tickets{7, 8}));
}

CAF_TEST(a publisher that wants to waits for consumers of any policy) {
  auto [ask, timer] = hold(7, 3, 1s);
  CAF_CHECK(ask);
  CAF_CHECK(timer == std::optional<std::chrono::nanoseconds>{1s});
  CAF_CHECK(!hold(8, 3).ask); // who does not want to
  CAF_CHECK(!testee.is_held(8));
  testee.has_room(3, {});
  CAF_CHECK_EQUAL(testee.take_released(), (tickets{7}));
}

CAF_TEST(each publisher waits for its own time and for that of a consumer if it is longer) {
  hold(7, 3, 5s);
  CAF_CHECK(hold(8, 3, 2s).timer == std::optional<std::chrono::nanoseconds>{2s}); // before the one that runs
  CAF_CHECK(hold(9, 1, 2s).timer == std::optional<std::chrono::nanoseconds>{10s});
  now += 2s;
  CAF_CHECK(testee.look(3, now) == std::optional<std::chrono::nanoseconds>{3s});
  CAF_CHECK_EQUAL(testee.take_released(), (tickets{8}));
  CAF_CHECK(!hold(10, 3, 2s).ask);
  CAF_CHECK(!testee.is_held(10)); // it has had no room for as long as this one waits
  CAF_CHECK(testee.is_held(9));
  now += 3s;
  CAF_CHECK(!testee.look(3, now));
  CAF_CHECK_EQUAL(testee.take_released(), (tickets{7}));
}

CAF_TEST(a look that comes too early changes nothing) {
  hold(7, 3, 5s);
  hold(8, 3, 2s);
  now += 2s;
  testee.look(3, now);
  testee.take_released();
  CAF_CHECK(!testee.look(3, now)); // another one is on its way
  CAF_CHECK(testee.is_held(7));
}

CAF_TEST(a consumer of another policy is forgotten when its timer has gone off) {
  publisher_credit fresh;
  fresh.hold(7, {107, 1s}, 3, {1, 10}, now);
  fresh.has_room(3, {});
  CAF_CHECK(!fresh.hold(8, {108, 1s}, 3, {1, 10}, now).timer); // one is enough
  fresh.has_room(3, {});
  CAF_CHECK(!fresh.empty());
  CAF_CHECK(!fresh.look(3, now + 1s));
  CAF_CHECK(fresh.empty());
}

CAF_TEST(a consumer is asked again when it was sent as much as it had room for) {
  for (auto left : {room{3, 1'000}, room{1'000, 25}}) {
    hold(1, 3, 1s);
    testee.has_room(3, left);
    testee.take_released();
    CAF_CHECK(!hold(2, 3, 1s).ask);
    CAF_CHECK(!hold(3, 3).ask); // of somebody who does not wait, and counts all the same
    CAF_CHECK(!testee.is_held(2));
    CAF_CHECK(hold(4, 3, 1s).ask);
    CAF_CHECK(testee.is_held(4));
    testee.has_room(3, {});
    testee.take_released();
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
