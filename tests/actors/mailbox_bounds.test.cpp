#include "actors/mailbox_bounds.hpp"

#include "actors/bounded_mailbox.hpp"
#include "support/batches.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

const mailbox_bounds of_bus{1'000, 64'000, 4'096};

consumer_info asking(queue_policy policy, uint64_t events, uint64_t bytes) {
  consumer_info result;
  result.policy = policy;
  result.queue_capacity = events;
  result.queue_bytes = bytes;
  return result;
}

} // namespace

CAF_TEST(a consumer that asks for nothing has the bounds of its bus) {
  auto x = with_wishes(of_bus, {});
  CAF_CHECK_EQUAL(x.events, 1'000u);
  CAF_CHECK_EQUAL(x.bytes, 64'000u);
  CAF_CHECK_EQUAL(x.delivery_bytes, 4'096u);
  CAF_CHECK(x.policy == queue_policy::drop_oldest);
  CAF_CHECK(!x.tell_gaps);
}

CAF_TEST(a consumer may have less and not more than its bus allows) {
  auto less = with_wishes(of_bus, asking(queue_policy::latest, 10, 100));
  CAF_CHECK_EQUAL(less.events, 10u);
  CAF_CHECK_EQUAL(less.bytes, 100u);
  CAF_CHECK(less.policy == queue_policy::latest);
  auto more = with_wishes(of_bus, asking(queue_policy::latest, 10'000, 1'000'000));
  CAF_CHECK_EQUAL(more.events, 1'000u);
  CAF_CHECK_EQUAL(more.bytes, 64'000u);
}

CAF_TEST(with block publishers wait early enough for what they have sent to have room) {
  auto usual = with_wishes(of_bus, asking(queue_policy::block, 0, 0));
  CAF_CHECK_EQUAL(usual.events, 1'000u);
  CAF_CHECK_EQUAL(usual.bytes, 64'000u);
  CAF_CHECK_EQUAL(usual.full_events, 500u);
  CAF_CHECK_EQUAL(usual.full_bytes, 32'000u);
  auto small = with_wishes(of_bus, asking(queue_policy::block, 10, 100));
  CAF_CHECK_EQUAL(small.events, 1'000u);
  CAF_CHECK_EQUAL(small.full_events, 10u);
  CAF_CHECK_EQUAL(small.full_bytes, 100u);
}

CAF_TEST(with block a queue of one event is full with that) {
  CAF_CHECK_EQUAL(with_wishes({1, 64'000, 4'096}, asking(queue_policy::block, 0, 0)).full_events, 1u);
}

CAF_TEST(a queue is full for publishers that wait when it is half full and with latest never) {
  auto push = [](bounded_mailbox& to, size_t events) {
    auto batch = numbered_batch(events);
    to.push(batch, all_of(batch));
    to.take(); // the first one is on its way; what follows waits
  };
  bounded_mailbox testee{with_wishes({10, 64'000, 64'000}, {})};
  push(testee, 1);
  auto waiting = numbered_batch(4);
  testee.push(waiting, all_of(waiting));
  auto left = testee.room_left();
  CAF_REQUIRE(left.has_value());
  CAF_CHECK_EQUAL(left->events, 1u);
  waiting = numbered_batch(1);
  testee.push(waiting, all_of(waiting));
  CAF_CHECK(!testee.room_left());
  bounded_mailbox newest{with_wishes({10, 64'000, 64'000}, asking(queue_policy::latest, 0, 0))};
  push(newest, 1);
  waiting = numbered_batch(10);
  newest.push(waiting, all_of(waiting));
  CAF_CHECK(newest.room_left().has_value());
}

CAF_TEST(gaps are kept in mind for those who ask) {
  consumer_info who;
  who.tell_gaps = true;
  CAF_CHECK(with_wishes(of_bus, who).tell_gaps);
}

CAF_TEST(what a consumer has asked for is cut to what holds) {
  runtime_limits limits;
  auto who = asking(queue_policy::block, UINT64_MAX, UINT64_MAX);
  who.block_time = 24h * 365;
  limit_wishes(who, limits);
  CAF_CHECK_EQUAL(who.queue_capacity, limits.queue_capacity);
  CAF_CHECK_EQUAL(who.queue_bytes, limits.queue_bytes);
  CAF_CHECK(who.block_time == defaults::max_block_time);
}

CAF_TEST(what a consumer has not asked for stays so but for its time to block) {
  auto who = asking(queue_policy::drop_oldest, 0, 0);
  limit_wishes(who, {});
  CAF_CHECK_EQUAL(who.queue_capacity, 0u);
  CAF_CHECK_EQUAL(who.queue_bytes, 0u);
  CAF_CHECK(who.block_time == defaults::block_time);
}

CAF_TEST(the bounds of a bus are those of its limits) {
  runtime_limits limits;
  limits.queue_capacity = 5;
  limits.queue_bytes = 500;
  auto x = bounds_of(limits, nullptr);
  CAF_CHECK_EQUAL(x.events, 5u);
  CAF_CHECK_EQUAL(x.bytes, 500u);
  CAF_CHECK_EQUAL(x.delivery_bytes, defaults::delivery_bytes);
}
