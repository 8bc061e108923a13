#include "actors/bounded_mailbox.hpp"

#include "support/batches.hpp"
#include "testing/laws.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

constexpr size_t large = 1 << 30;

struct fixture {
  /// By who can deliver at once.
  std::vector<event_range> push(bounded_mailbox& x, size_t n, size_t bytes = 0) {
    auto batch = numbered_batch(n, 0, "t", bytes);
    std::vector<event_range> taken;
    const auto outcome = x.push(batch, all_of(batch), {}, 0, &taken);
    woken = outcome.wake;
    return taken;
  }

  bool woken = false;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(mailbox_taken_tests, fixture)

CAF_TEST(what comes in while it is idle is taken at once and counts until it is credited) {
  bounded_mailbox testee{{10, large, large}};
  auto first = push(testee, 2);
  CAF_CHECK(!woken);
  CAF_REQUIRE_EQUAL(first.size(), 1u);
  CAF_CHECK_EQUAL(first[0].seq, 1u);
  CAF_CHECK_EQUAL(first[0].size(), 2u);
  auto counters = testee.counters();
  CAF_CHECK_EQUAL(counters.queued, 2u);
  CAF_CHECK_EQUAL(counters.queued_bytes, first[0].bytes());
  CAF_CHECK(!testee.credited(std::move(first)));
  counters = testee.counters();
  CAF_CHECK_EQUAL(counters.delivered, 2u);
  CAF_CHECK_EQUAL(counters.queued_bytes, 0u);
  auto second = push(testee, 1); // into the memory of the first
  CAF_REQUIRE_EQUAL(second.size(), 1u);
  CAF_CHECK_EQUAL(second[0].seq, 3u);
  CAF_CHECK_EQUAL(laws::conservation(testee.counters()), "");
}

CAF_TEST(what was credited keeps no batch alive) {
  bounded_mailbox testee{{10, large, large}};
  auto taken = push(testee, 1);
  const std::weak_ptr<const event_batch> batch = taken[0].batch;
  testee.credited(std::move(taken));
  CAF_CHECK(batch.expired());
}

CAF_TEST(what comes in before the credit waits its turn) {
  bounded_mailbox testee{{10, large, large}};
  auto first = push(testee, 1);
  CAF_CHECK(push(testee, 1).empty());
  CAF_CHECK(!woken);
  CAF_CHECK(testee.credited(std::move(first)));
  CAF_CHECK_EQUAL(testee.take().size(), 1u);
  CAF_CHECK_EQUAL(laws::conservation(testee.counters()), "");
}

CAF_TEST(more than a delivery is not taken at once) {
  bounded_mailbox testee{{10, large, 1'000}};
  CAF_CHECK(push(testee, 3, 600).empty());
  CAF_CHECK(woken);
  CAF_CHECK_EQUAL(testee.take().size(), 1u);
}

CAF_TEST(a hole that nobody was told of comes with the next delivery and not behind it) {
  mailbox_bounds bounds{10, large, large};
  bounds.tell_gaps = true;
  bounded_mailbox testee{bounds};
  auto first = push(testee, 1);
  testee.lose(2);
  CAF_CHECK(testee.credited(std::move(first)));
  CAF_CHECK(push(testee, 1).empty());
  CAF_REQUIRE_EQUAL(testee.take().size(), 1u);
  const auto gaps = testee.taken_gaps();
  CAF_REQUIRE_EQUAL(gaps.size(), 1u);
  CAF_CHECK_EQUAL(gaps[0].from_seq, 2u);
}

CAF_TEST(a closed one gives nothing) {
  bounded_mailbox testee{{10, large, large}};
  testee.close();
  CAF_CHECK(push(testee, 1).empty());
  CAF_CHECK(!woken);
}

CAF_TEST_FIXTURE_SCOPE_END()
