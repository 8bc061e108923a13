#include "actors/bounded_mailbox.hpp"

#include "support/batches.hpp"
#include "testing/laws.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

constexpr size_t any = 1 << 30;

} // namespace

CAF_TEST(a replay comes first and whole however small the queue is) {
  for (auto policy : {queue_policy::drop_oldest, queue_policy::drop_newest, queue_policy::latest,
                      queue_policy::disconnect, queue_policy::block}) {
    mailbox_bounds bounds{2, 100, 200};
    bounds.policy = policy;
    bounds.tell_gaps = true;
    bounded_mailbox testee{bounds};
    auto past = numbered_batch(100);
    CAF_CHECK(testee.replay({{past, 0, 60}, {past, 61, 100}}, std::nullopt));
    CAF_CHECK_EQUAL(testee.counters().queued, 99u);
    auto now = numbered_batch(1, 100);
    CAF_CHECK(!testee.push(now, all_of(now)).wake);
    CAF_CHECK_EQUAL(laws::conservation(testee.counters()), "");
    std::vector<uint64_t> seen;
    do {
      auto ranges = testee.take();
      size_t bytes = 0;
      for (const auto& x : ranges)
        bytes += x.bytes();
      CAF_CHECK(bytes <= 200 || (ranges.size() == 1 && ranges[0].size() == 1));
      CAF_CHECK(testee.taken_gaps().empty());
      for (auto x : seqs_of(ranges))
        seen.push_back(x);
      CAF_CHECK_EQUAL(laws::conservation(testee.counters()), "");
    } while (testee.credited());
    CAF_REQUIRE_EQUAL(seen.size(), 100u);
    for (size_t i = 0; i < seen.size(); ++i)
      CAF_CHECK_EQUAL(seen[i], i + 1);
    CAF_CHECK_EQUAL(testee.counters().queued_bytes, 0u);
  }
}

CAF_TEST(what is lost before a replay is told first also if nothing is there) {
  bounded_mailbox testee{{10, any, any}}; // although it tells of no other gaps
  const gap_frame lost{1, 0, 7, gap_reason::expired};
  CAF_CHECK(testee.replay({}, lost));
  CAF_CHECK(testee.take().empty());
  CAF_CHECK(testee.taken_gaps() == std::vector{lost});
  CAF_CHECK(!testee.credited());
  auto next = numbered_batch(1);
  CAF_CHECK(testee.push(next, all_of(next)).wake);
  CAF_CHECK_EQUAL(testee.counters().received, 1u);
}

CAF_TEST(an empty replay wakes nobody) {
  bounded_mailbox testee{{10, any, any}};
  CAF_CHECK(!testee.replay({}, std::nullopt));
  auto next = numbered_batch(1);
  CAF_CHECK(testee.push(next, all_of(next)).wake);
}

CAF_TEST(what is shed of a replay is a hole) {
  mailbox_bounds bounds{10, any, 1};
  bounds.tell_gaps = true;
  bounded_mailbox testee{bounds};
  auto past = numbered_batch(4);
  testee.replay({{past, 0, 4}}, std::nullopt);
  auto now = numbered_batch(1);
  testee.push(now, all_of(now));
  testee.shed(now->bytes_of(0, 1) + past->bytes_of(3, 4));
  CAF_CHECK_EQUAL(testee.counters().dropped, 3u);
  CAF_CHECK_EQUAL(laws::conservation(testee.counters()), "");
  CAF_CHECK_EQUAL(seqs_of(testee.take()), (std::vector<uint64_t>{4}));
  CAF_CHECK(testee.taken_gaps() == (std::vector{gap_frame{1, 3, 3, gap_reason::shed}}));
  testee.credited();
  testee.shed(0);
  CAF_CHECK_EQUAL(seqs_of(testee.take()), (std::vector<uint64_t>{5}));
  CAF_CHECK_EQUAL(laws::conservation(testee.counters()), "");
}

CAF_TEST(events know their positions where they are asked for) {
  mailbox_bounds bounds{10, any, any};
  auto batch = numbered_batch(3);
  const std::vector<event_span> part{{1, 3}};
  bounded_mailbox without{bounds};
  without.push(batch, part, {}, 50);
  CAF_CHECK_EQUAL(without.take()[0].position(1), 0u);
  for (auto policy : {queue_policy::drop_oldest, queue_policy::latest}) {
    bounds.cursors = true;
    bounds.policy = policy;
    bounded_mailbox with{bounds};
    with.push(batch, part, {}, 50);
    const auto last = with.take().back();
    CAF_CHECK_EQUAL(last.position(last.last - 1), 52u);
  }
}
