#include "actors/history.hpp"

#include "tests/support/batches.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

constexpr size_t any = size_t{1} << 30;

struct fixture {
  history::time_point now{1h};
  uint64_t taken_in = 0;

  void keep(history& x, const event_batch_ptr& batch, const std::vector<event_span>& fresh) {
    x.keep(batch, fresh, taken_in + 1, false, now);
    taken_in += batch->size();
  }
  void keep(history& x, const event_batch_ptr& batch) { keep(x, batch, all_of(batch)); }
  void keep(history& x, size_t n, size_t bytes = 0) { keep(x, numbered_batch(n, taken_in, "t", bytes)); }

  std::vector<uint64_t> positions(history& x) {
    std::vector<uint64_t> result;
    for (const auto& entry : x.entries(now))
      for (auto i = entry.events.first; i < entry.events.last; ++i)
        result.push_back(entry.events.position(i));
    return result;
  }
};

using numbers = std::vector<uint64_t>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(history_tests, fixture)

CAF_TEST(it holds the latest events and no more than its bound) {
  history testee{{5, any, 0ns}};
  keep(testee, 3);
  CAF_CHECK_EQUAL(positions(testee), (numbers{1, 2, 3}));
  CAF_CHECK_EQUAL(testee.last_gone(), 0u);
  keep(testee, 4);
  CAF_CHECK_EQUAL(positions(testee), (numbers{3, 4, 5, 6, 7}));
  CAF_CHECK_EQUAL(testee.last_gone(), 2u);
  keep(testee, 9);
  CAF_CHECK_EQUAL(positions(testee), (numbers{12, 13, 14, 15, 16}));
  CAF_CHECK_EQUAL(testee.events(), 5u);
  CAF_CHECK_EQUAL(testee.last_gone(), 11u);
}

CAF_TEST(repetitions do not enter it) {
  history testee{{any, any, 0ns}};
  keep(testee, numbered_batch(6), {{0, 2}, {3, 4}});
  keep(testee, numbered_batch(2), {});
  keep(testee, 1);
  CAF_CHECK_EQUAL(positions(testee), (numbers{1, 2, 4, 9}));
  CAF_CHECK_EQUAL(testee.last_gone(), 0u);
}

CAF_TEST(it holds no more memory than its bound and counts all of it) {
  history testee{{any, 100'000, 0ns}};
  std::weak_ptr<const event_batch> first;
  size_t held = 0;
  for (size_t i = 0; i < 100; ++i) {
    auto batch = numbered_batch(10, 0, "t", 300);
    held = held_bytes(*batch);
    CAF_CHECK(held > batch->bytes.size() + 10 * sizeof(event_batch::slot));
    if (i == 0)
      first = batch;
    keep(testee, batch);
    CAF_CHECK_EQUAL(testee.bytes(), testee.entries(now).size() * held);
    CAF_CHECK(testee.bytes() <= 100'000);
  }
  CAF_CHECK(testee.bytes() + held > 100'000);
  CAF_CHECK(first.expired());
}

CAF_TEST(few events of a large batch do not hold all of it) {
  history testee{{any, any, 0ns}};
  auto batch = numbered_batch(1'000, 0, "t", 900);
  std::weak_ptr<const event_batch> watched = batch;
  keep(testee, batch, {{7, 8}, {500, 501}});
  const auto payload = std::string{batch->payload(500)};
  batch = nullptr;
  CAF_CHECK(watched.expired());
  CAF_CHECK(testee.bytes() < 10'000);
  CAF_CHECK_EQUAL(positions(testee), (numbers{8, 501}));
  CAF_CHECK_EQUAL(testee.entries(now)[0].events.batch->payload(1), payload);
}

CAF_TEST(parts of one batch are counted as one batch) {
  history testee{{any, any, 0ns}};
  auto batch = numbered_batch(10, 0, "t", 100);
  keep(testee, batch, {{0, 4}, {5, 10}});
  CAF_CHECK(testee.bytes() >= held_bytes(*batch));
  CAF_CHECK(testee.bytes() < 2 * held_bytes(*batch));
  keep(testee, 1);
  const auto both = testee.bytes();
  CAF_CHECK(both > held_bytes(*batch));
  testee.clear();
  CAF_CHECK_EQUAL(testee.bytes(), 0u);
  CAF_CHECK_EQUAL(testee.events(), 0u);
}

CAF_TEST(a batch that is larger than the bound is not kept and is known to have gone) {
  history testee{{any, 10'000, 0ns}};
  keep(testee, 2);
  keep(testee, 1, 20'000);
  CAF_CHECK(positions(testee).empty());
  CAF_CHECK_EQUAL(testee.bytes(), 0u);
  CAF_CHECK_EQUAL(testee.last_gone(), 3u);
}

CAF_TEST(an event that is too old is gone for whoever asks) {
  history testee{{any, any, 10s}};
  keep(testee, 1);
  now += 6s;
  keep(testee, 1);
  now += 4s;
  CAF_CHECK_EQUAL(positions(testee), (numbers{1, 2}));
  now += 1ns;
  CAF_CHECK_EQUAL(positions(testee), (numbers{2}));
  CAF_CHECK_EQUAL(testee.last_gone(), 1u);
  now += 10s;
  keep(testee, numbered_batch(1));
  CAF_CHECK_EQUAL(testee.events(), 1u);
}

CAF_TEST(new bounds hold at once) {
  history testee{{any, any, 0ns}};
  keep(testee, 10);
  now += 5s;
  keep(testee, 1);
  testee.set_bounds({8, any, 0ns}, now);
  CAF_CHECK_EQUAL(testee.events(), 8u);
  testee.set_bounds({8, any, 4s}, now);
  CAF_CHECK_EQUAL(positions(testee), (numbers{11}));
  testee.set_bounds({8, 0, 4s}, now);
  CAF_CHECK_EQUAL(testee.bytes(), 0u);
  CAF_CHECK_EQUAL(testee.last_gone(), 11u);
}

CAF_TEST(one that is off keeps nothing alive and knows what has gone) {
  for (auto off : {history::bounds{0, any, 0ns}, history::bounds{any, 0, 0ns}}) {
    taken_in = 0;
    history testee{off};
    auto batch = numbered_batch(3);
    std::weak_ptr<const event_batch> watched = batch;
    keep(testee, batch);
    batch = nullptr;
    CAF_CHECK(watched.expired());
    CAF_CHECK_EQUAL(testee.last_gone(), 3u);
  }
}

CAF_TEST(it knows whether ids may stand in it twice) {
  history testee{{2, any, 0ns}};
  auto batch = numbered_batch(1);
  testee.keep(batch, all_of(batch), 1, true, now);
  CAF_CHECK(testee.may_repeat_ids());
  testee.keep(batch, all_of(batch), 2, false, now);
  CAF_CHECK(testee.may_repeat_ids());
  testee.keep(batch, all_of(batch), 3, false, now);
  CAF_CHECK(!testee.may_repeat_ids());
}

CAF_TEST_FIXTURE_SCOPE_END()
