#include "actors/bounded_mailbox.hpp"

#include "support/batches.hpp"
#include "testing/laws.hpp"

#include <thread>

#include <limits>

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

constexpr size_t large = 1 << 30;

void check_laws(const bounded_mailbox& x) {
  CAF_CHECK_EQUAL(laws::conservation(x.counters()), "");
}

struct fixture {
  /// Makes it busy, so that what follows meets the bounds.
  void occupy(bounded_mailbox& x) {
    auto batch = numbered_batch(1);
    CAF_CHECK(x.push(batch, all_of(batch)).wake);
    CAF_CHECK_EQUAL(x.take().size(), 1u);
  }
  std::unique_ptr<bounded_mailbox> busy_one(queue_policy policy, size_t capacity) {
    mailbox_bounds bounds{capacity, large, large};
    bounds.policy = policy;
    bounds.tell_gaps = true;
    auto result = std::make_unique<bounded_mailbox>(bounds);
    occupy(*result);
    return result;
  }
  bounded_mailbox::outcome push(bounded_mailbox& x, size_t n, size_t bytes = 0) {
    auto batch = numbered_batch(n, 0, "t", bytes);
    return x.push(batch, all_of(batch));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(bounded_mailbox_tests, fixture)

CAF_TEST(only the push that finds it idle wakes) {
  bounded_mailbox testee{{10, large, large}};
  CAF_CHECK(push(testee, 1).wake);
  CAF_CHECK(!push(testee, 1).wake);
  CAF_CHECK_EQUAL(testee.take().size(), 2u);
  CAF_CHECK(!push(testee, 1).wake);
  testee.credited();
  CAF_CHECK_EQUAL(testee.take().size(), 1u);
  testee.credited();
  CAF_CHECK(testee.take().empty());
  CAF_CHECK(push(testee, 1).wake);
  check_laws(testee);
}

CAF_TEST(a credit tells whether more waits and leaves it idle if not ) {
  bounded_mailbox testee{{10, large, large}};
  CAF_CHECK(testee.take().empty()); // a delivery of something else
  CAF_CHECK(push(testee, 1).wake);
  CAF_CHECK(testee.credited()); // staged, not queued
  CAF_CHECK_EQUAL(testee.take().size(), 1u);
  push(testee, 1);
  CAF_CHECK(testee.credited());
  CAF_CHECK_EQUAL(testee.take().size(), 1u);
  CAF_CHECK(!testee.credited());
  CAF_CHECK(push(testee, 1).wake);
}

CAF_TEST(sequence numbers start at one and grow by one for every event) {
  bounded_mailbox testee{{10, large, large}};
  push(testee, 2);
  push(testee, 3);
  CAF_CHECK_EQUAL(seqs_of(testee.take()), (std::vector<uint64_t>{1, 2, 3, 4, 5}));
  testee.credited();
  CAF_CHECK_EQUAL(testee.counters(), (conn_counters{5, 0, 5, 0, 0}));
}

CAF_TEST(three events into a queue of one drop the two oldest) {
  bounded_mailbox testee{{1, large, large}};
  occupy(testee);
  uint64_t dropped = 0;
  for (int i = 0; i < 3; ++i)
    dropped += push(testee, 1).dropped;
  CAF_CHECK_EQUAL(dropped, 2u);
  testee.credited();
  auto seqs = seqs_of(testee.take());
  CAF_CHECK_EQUAL(seqs, (std::vector<uint64_t>{4}));
  testee.credited();
  CAF_CHECK_EQUAL(laws::order({1, 4}, testee.counters().dropped, 4), "");
  check_laws(testee);
}

CAF_TEST(a batch longer than the capacity is cut at its front) {
  bounded_mailbox testee{{4, large, large}};
  occupy(testee);
  CAF_CHECK_EQUAL(push(testee, 10).dropped, 6u);
  testee.credited();
  CAF_CHECK_EQUAL(seqs_of(testee.take()), (std::vector<uint64_t>{8, 9, 10, 11}));
}

CAF_TEST(a batch longer than the capacity that meets an idle one goes into the delivery whole) {
  bounded_mailbox testee{{4, large, large}};
  CAF_CHECK_EQUAL(push(testee, 100).dropped, 0u);
  CAF_CHECK_EQUAL(seqs_of(testee.take()).size(), 100u);
}

CAF_TEST(what waits for the wake up does not count against the capacity) {
  bounded_mailbox testee{{4, large, large}};
  push(testee, 100);
  CAF_CHECK_EQUAL(push(testee, 5).dropped, 1u);
  CAF_CHECK_EQUAL(seqs_of(testee.take()).size(), 104u);
  check_laws(testee);
}

CAF_TEST(the byte bound drops the oldest) {
  bounded_mailbox testee{{1000, 10'000, large}};
  occupy(testee);
  CAF_CHECK_EQUAL(push(testee, 5, 1'900).dropped, 1u);
  CAF_CHECK(testee.counters().queued_bytes <= 10'000 + 200);
  check_laws(testee);
}

CAF_TEST(one event above the byte bound is kept) {
  bounded_mailbox testee{{1000, 1'000, large}};
  occupy(testee);
  CAF_CHECK_EQUAL(push(testee, 1, 5'000).dropped, 0u);
  testee.credited();
  CAF_CHECK_EQUAL(testee.take().size(), 1u);
}

CAF_TEST(a delivery is bounded in bytes and continues where it stopped) {
  bounded_mailbox testee{{1000, large, 1'000}};
  push(testee, 10, 300);
  std::vector<uint64_t> seqs;
  size_t deliveries = 0;
  for (auto next = testee.take(); !next.empty(); next = testee.take()) {
    size_t bytes = 0;
    for (const auto& x : next)
      bytes += x.bytes();
    CAF_CHECK(bytes <= 1'000);
    auto more = seqs_of(next);
    seqs.insert(seqs.end(), more.begin(), more.end());
    testee.credited();
    ++deliveries;
  }
  CAF_CHECK_EQUAL(deliveries, 5u);
  CAF_CHECK_EQUAL(laws::order(seqs, 0, 10), "");
}

CAF_TEST(an event larger than a delivery travels alone) {
  bounded_mailbox testee{{1000, large, 1'000}};
  push(testee, 2, 5'000);
  CAF_CHECK_EQUAL(seqs_of(testee.take()), (std::vector<uint64_t>{1}));
  testee.credited();
  CAF_CHECK_EQUAL(seqs_of(testee.take()), (std::vector<uint64_t>{2}));
}

CAF_TEST(only the spans of a batch are taken) {
  bounded_mailbox testee{{100, large, large}};
  auto batch = numbered_batch(10);
  std::vector<event_span> spans{{1, 3}, {7, 8}};
  testee.push(batch, spans);
  auto got = testee.take();
  CAF_REQUIRE_EQUAL(got.size(), 2u);
  CAF_CHECK_EQUAL(got[0].first, 1u);
  CAF_CHECK_EQUAL(got[1].first, 7u);
  CAF_CHECK_EQUAL(got[1].seq, 3u);
}

CAF_TEST(undelivered events count as queued until they are credited) {
  bounded_mailbox testee{{100, large, large}};
  push(testee, 3);
  CAF_CHECK_EQUAL(testee.counters().queued, 3u);
  CAF_CHECK(testee.counters().queued_bytes > 0);
  testee.take();
  CAF_CHECK_EQUAL(testee.counters().queued, 3u);
  testee.credited();
  CAF_CHECK_EQUAL(testee.counters(), (conn_counters{3, 0, 3, 0, 0}));
}

CAF_TEST(a closed one takes and counts nothing) {
  bounded_mailbox testee{{100, large, large}};
  push(testee, 3);
  testee.close();
  CAF_CHECK(!push(testee, 3).wake);
  CAF_CHECK_EQUAL(testee.counters().received, 3u);
}

CAF_TEST(a subscriber of little in large batches does not keep the batches alive) {
  bounded_mailbox testee{{1000, 200'000, large}};
  occupy(testee);
  std::weak_ptr<const event_batch> first;
  for (int i = 0; i < 50; ++i) {
    auto batch = numbered_batch(10, 10 * i, "t", 2'000);
    if (i == 0)
      first = batch;
    std::vector<event_span> one{{4, 5}};
    testee.push(batch, one);
    CAF_CHECK(testee.pinned_bytes() <= 2 * 200'000 + batch->bytes.size());
  }
  CAF_CHECK(first.expired());
  CAF_CHECK_EQUAL(testee.counters().dropped, 0u);
  testee.credited();
  auto got = testee.take();
  std::string payloads;
  for (const auto& x : got)
    for (auto i = x.first; i < x.last; ++i) {
      payloads += std::string{x.batch->payload(i).substr(5, 3)};
      CAF_CHECK_EQUAL(x.batch->type(i), "t");
    }
  CAF_CHECK_EQUAL(seqs_of(got).size(), 50u);
  CAF_CHECK_EQUAL(payloads.substr(0, 7), "4,\"14,2");
  std::string frames;
  for (const auto& x : got)
    append_frames(frames, x);
  CAF_CHECK(frames.find("\"seq\":51,\"payload\":{\"n\":494,") != std::string::npos);
}

CAF_TEST(concurrent publishers and a slow reader keep the books exact) {
  bounded_mailbox testee{{2, large, 400}};
  constexpr int publishers = 8;
  constexpr int each = 2'000;
  std::vector<std::thread> threads;
  std::atomic<uint64_t> reported_drops{0};
  for (int i = 0; i < publishers; ++i)
    threads.emplace_back([&] {
      auto batch = numbered_batch(3);
      for (int k = 0; k < each; ++k)
        reported_drops += testee.push(batch, all_of(batch)).dropped;
    });
  std::vector<uint64_t> seqs;
  while (testee.counters().received < 3u * publishers * each || testee.counters().queued > 0) {
    auto more = seqs_of(testee.take());
    seqs.insert(seqs.end(), more.begin(), more.end());
    testee.credited();
  }
  for (auto& x : threads)
    x.join();
  auto end = testee.counters();
  CAF_CHECK_EQUAL(end.received, 3u * publishers * each);
  CAF_CHECK_EQUAL(end.dropped, reported_drops.load());
  CAF_CHECK_EQUAL(end.delivered, seqs.size());
  CAF_CHECK_EQUAL(laws::order(seqs, end.dropped, end.received), "");
  check_laws(testee);
}

CAF_TEST(gaps come with the delivery whose events lie behind them) {
  mailbox_bounds bounds{3, large, large};
  bounds.tell_gaps = true;
  bounded_mailbox testee{bounds};
  occupy(testee);
  CAF_CHECK(testee.taken_gaps().empty());
  push(testee, 5);
  testee.credited();
  CAF_CHECK_EQUAL(seqs_of(testee.take()), (std::vector<uint64_t>{4, 5, 6}));
  CAF_CHECK(testee.taken_gaps() == (std::vector<gap_frame>{{2, 3, 2, gap_reason::queue_full}}));
  CAF_CHECK(testee.taken_gaps().empty());
  push(testee, 3);
  testee.shed(0);
  testee.credited();
  CAF_CHECK_EQUAL(seqs_of(testee.take()), (std::vector<uint64_t>{9}));
  CAF_CHECK(testee.taken_gaps() == (std::vector<gap_frame>{{7, 8, 2, gap_reason::shed}}));
  check_laws(testee);
}

CAF_TEST(what was lost before it came is a hole behind what came) {
  mailbox_bounds bounds{3, large, large};
  bounds.tell_gaps = true;
  bounded_mailbox testee{bounds};
  CAF_CHECK(testee.lose(2)); // it is idle: without an event, too
  CAF_CHECK(testee.take().empty());
  CAF_CHECK(testee.taken_gaps() == (std::vector<gap_frame>{{1, 2, 2, gap_reason::link}}));
  push(testee, 1);
  CAF_CHECK(!testee.lose(5)); // it is busy: after what it is busy with
  CAF_CHECK(testee.credited());
  CAF_CHECK_EQUAL(seqs_of(testee.take()), (std::vector<uint64_t>{3}));
  CAF_CHECK(testee.taken_gaps() == (std::vector<gap_frame>{{4, 8, 5, gap_reason::link}}));
  CAF_CHECK(!testee.credited());
  CAF_CHECK_EQUAL(testee.counters(), (conn_counters{8, 7, 1, 0, 0}));
}

CAF_TEST(a lie about what was lost does not make the numbers start again) {
  bounded_mailbox testee{{3, large, large}};
  CAF_CHECK(!testee.lose(std::numeric_limits<uint64_t>::max()));
  testee.lose((uint64_t{1} << 53) - 1);
  testee.lose(5);
  CAF_CHECK_EQUAL(testee.counters().dropped, (uint64_t{1} << 53) - 1);
}

CAF_TEST(nobody is told of gaps who did not ask) {
  bounded_mailbox testee{{3, large, large}};
  occupy(testee);
  push(testee, 5);
  testee.credited();
  CAF_CHECK_EQUAL(seqs_of(testee.take()), (std::vector<uint64_t>{4, 5, 6}));
  CAF_CHECK(testee.taken_gaps().empty());
}

CAF_TEST(drop_newest keeps what has waited and tells of the hole behind it) {
  auto testee = busy_one(queue_policy::drop_newest, 3);
  push(*testee, 2);
  push(*testee, 3);
  testee->credited();
  CAF_CHECK_EQUAL(seqs_of(testee->take()), (std::vector<uint64_t>{2, 3, 4}));
  CAF_CHECK(testee->taken_gaps() == (std::vector<gap_frame>{{5, 6, 2, gap_reason::queue_full}}));
  push(*testee, 1);
  testee->credited();
  CAF_CHECK_EQUAL(seqs_of(testee->take()), (std::vector<uint64_t>{7}));
  check_laws(*testee);
}

CAF_TEST(numbers stay right where a queue with holes is copied together) {
  mailbox_bounds bounds{3, 4'000, large};
  bounds.policy = queue_policy::drop_newest;
  bounded_mailbox testee{bounds};
  occupy(testee);
  for (int i = 0; i < 40; ++i) {
    auto batch = numbered_batch(10, 0, "t", 100);
    testee.push(batch, std::vector<event_span>{{0, 1}}); // little of much
    CAF_CHECK_LESS_OR_EQUAL(testee.pinned_bytes(), 4 * 4'000u);
  }
  testee.credited();
  CAF_CHECK_EQUAL(seqs_of(testee.take()), (std::vector<uint64_t>{2, 3, 4}));
  check_laws(testee);
}

CAF_TEST(latest keeps one event of each type and counts the others as dropped) {
  auto testee = busy_one(queue_policy::latest, 100);
  auto batch = make_batch({{"a"}, {"b"}, {"a"}});
  testee->push(batch, all_of(batch));
  testee->push(batch, all_of(batch));
  CAF_CHECK_EQUAL(testee->counters().dropped, 4u);
  testee->credited();
  CAF_CHECK_EQUAL(seqs_of(testee->take()), (std::vector<uint64_t>{6, 7}));
  CAF_CHECK(testee->taken_gaps() == (std::vector<gap_frame>{{2, 5, 4, gap_reason::queue_full}}));
  testee->credited();
  CAF_CHECK(testee->take().empty());
  CAF_CHECK_EQUAL(testee->counters(), (conn_counters{7, 4, 3, 0, 0}));
}

CAF_TEST(latest is bounded as well and drops the type that has waited for longest) {
  auto testee = busy_one(queue_policy::latest, 2);
  auto batch = make_batch({{"a"}, {"b"}, {"c"}});
  testee->push(batch, all_of(batch));
  testee->credited();
  CAF_CHECK_EQUAL(seqs_of(testee->take()), (std::vector<uint64_t>{3, 4}));
  check_laws(*testee);
}

CAF_TEST(disconnect drops nothing but closes) {
  auto testee = busy_one(queue_policy::disconnect, 3);
  CAF_CHECK(!push(*testee, 3).evicted);
  CAF_CHECK(push(*testee, 1).evicted);
  CAF_CHECK(!push(*testee, 1).evicted);
  CAF_CHECK_EQUAL(testee->counters().dropped, 0u);
  check_laws(*testee);
}

CAF_TEST(block is full before it drops anything) {
  consumer_info who;
  who.policy = queue_policy::block;
  who.queue_capacity = 2;
  bounded_mailbox testee{with_wishes({10, large, large}, who)};
  occupy(testee);
  push(testee, 1);
  CAF_CHECK(testee.room_left().has_value());
  push(testee, 9);
  CAF_CHECK(!testee.room_left());
  CAF_CHECK_EQUAL(testee.counters().dropped, 0u);
  push(testee, 2);
  CAF_CHECK_EQUAL(testee.counters().dropped, 2u);
  testee.credited();
  testee.take();
  CAF_CHECK(testee.room_left().has_value());
  check_laws(testee);
}

CAF_TEST(a consumer cannot ask for more than its bus allows) {
  consumer_info who;
  who.queue_capacity = 1'000;
  who.queue_bytes = 5;
  auto x = with_wishes({10, 20, 30}, who);
  CAF_CHECK_EQUAL(x.events, 10u);
  CAF_CHECK_EQUAL(x.bytes, 5u);
}

CAF_TEST_FIXTURE_SCOPE_END()
