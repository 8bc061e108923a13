#include "actors/group_work.hpp"

#include "support/batches.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

using time_point = group_work::time_point;

/// Who was given what, by payload and attempt: "n" or "n/attempt".
using given = std::map<uint64_t, std::vector<std::string>>;

struct group_fixture {
  group_work work{{true, 2, 3, 0, 1 << 20}};
  time_point now{1h};
  uint64_t seq = 0;

  void take(size_t n, std::vector<gap_frame> gaps = {}) {
    static size_t number = 0;
    number = next;
    work.take({{numbered_batch(n, number), 0, static_cast<uint32_t>(n), seq + 1}}, gaps);
    seq += n;
    next += n;
  }

  given hand_out(bool written = true) {
    given result;
    for (const auto& x : work.hand_out(now)) {
      gaps[x.member].insert(gaps[x.member].end(), x.gaps.begin(), x.gaps.end());
      for (const auto& range : x.events)
        for (auto i = range.first; i < range.last; ++i) {
          auto text = std::string{range.batch->payload(i)};
          text = text.substr(5, text.find(',') - 5);
          if (range.attempt > 1)
            text += '/' + std::to_string(range.attempt);
          result[x.member].push_back(text);
          seqs[x.member].push_back(range.seq + (i - range.first));
        }
      if (written)
        work.written(x.member);
    }
    return result;
  }

  bool adds_up() const {
    const auto x = work.status();
    return x.received == x.waiting + x.in_flight + x.done + x.dead + x.lost;
  }

  size_t next = 0;
  std::map<uint64_t, std::vector<uint64_t>> seqs;
  std::map<uint64_t, std::vector<gap_frame>> gaps;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(group_work_tests, group_fixture)

CAF_TEST(each event goes to the member that has the fewest) {
  work.add(1, false);
  work.add(2, false);
  take(3);
  CAF_CHECK(hand_out() == (given{{1, {"0", "2"}}, {2, {"1"}}}));
  work.confirm(1, 1);
  work.confirm(1, 2);
  take(2);
  CAF_CHECK(hand_out() == (given{{1, {"3"}}, {2, {"4"}}}));
  CAF_CHECK(adds_up());
}

CAF_TEST(a member has no more than it may have unconfirmed) {
  work.add(1, false);
  take(5);
  CAF_CHECK(hand_out() == (given{{1, {"0", "1"}}}));
  CAF_CHECK(hand_out().empty());
  CAF_CHECK(!work.wants_more());
  work.confirm(1, 1);
  CAF_CHECK(hand_out() == (given{{1, {"2"}}}));
  CAF_CHECK_EQUAL(work.status().waiting, 2u);
  CAF_CHECK_EQUAL(work.status().in_flight, 2u);
  CAF_CHECK(adds_up());
}

CAF_TEST(one delivery is on its way to a member and what it is given meanwhile is the next) {
  work.add(1, false);
  take(1);
  CAF_CHECK(hand_out(false) == (given{{1, {"0"}}}));
  take(1);
  CAF_CHECK(hand_out(false).empty());
  work.written(1);
  CAF_CHECK(hand_out(false) == (given{{1, {"1"}}}));
}

CAF_TEST(what a member that leaves has not confirmed goes to others with its attempt) {
  work.add(1, false);
  work.add(2, false);
  take(2);
  hand_out();
  work.confirm(2, 1);
  work.remove(1, now);
  CAF_CHECK(hand_out() == (given{{2, {"0/2"}}}));
  CAF_CHECK_EQUAL(work.status().redelivered, 1u);
  CAF_CHECK(seqs[2] == (std::vector<uint64_t>{1, 2}));
  CAF_CHECK(adds_up());
}

CAF_TEST(what comes while a delivery is on its way to a member that then leaves is no attempt) {
  work.add(1, false);
  take(1);
  hand_out(false);
  take(1);
  hand_out(false);
  work.remove(1, now);
  work.add(2, false);
  CAF_CHECK(hand_out() == (given{{2, {"0/2", "1"}}}));
}

CAF_TEST(an event that is given back goes out again when its time has come) {
  work.add(1, false);
  take(1);
  hand_out();
  work.give_back(1, 1, now + 10s);
  CAF_CHECK(hand_out().empty());
  CAF_CHECK(work.next_due(now) == now + 10s);
  take(1);
  CAF_CHECK(hand_out() == (given{{1, {"1"}}}));
  now += 10s;
  CAF_CHECK(hand_out() == (given{{1, {"0/2"}}}));
  CAF_CHECK(!work.next_due(now));
}

CAF_TEST(after the last attempt an event is dead) {
  work.add(1, false);
  take(1);
  for (uint64_t i = 1; i <= 3; ++i) {
    CAF_CHECK_EQUAL(hand_out().size(), 1u);
    work.give_back(1, i, now);
  }
  CAF_CHECK(hand_out().empty());
  auto dead = work.take_dead();
  CAF_REQUIRE(dead.size() == 1);
  CAF_CHECK_EQUAL(dead[0].event.attempt, 3u);
  CAF_CHECK_EQUAL(std::string{dead[0].why}, "refused");
  CAF_CHECK_EQUAL(work.status().dead, 1u);
  CAF_CHECK(work.idle());
  CAF_CHECK(adds_up());
}

CAF_TEST(a member whose death is the last attempt leaves a dead event) {
  take(1);
  for (uint64_t id = 1; id <= 3; ++id) {
    work.add(id, false);
    hand_out();
    work.remove(id, now);
  }
  auto dead = work.take_dead();
  CAF_REQUIRE(dead.size() == 1);
  CAF_CHECK_EQUAL(std::string{dead[0].why}, "left");
}

CAF_TEST(confirmations of what a member does not have are counted and change nothing) {
  work.add(1, false);
  take(1);
  work.confirm(1, 1); // it has not been sent to it
  hand_out();
  work.confirm(1, 2);
  work.give_back(1, 7, now);
  work.confirm(9, 1);
  CAF_CHECK_EQUAL(work.status().ignored, 4u);
  CAF_CHECK_EQUAL(work.status().in_flight, 1u);
  work.confirm(1, 1);
  work.confirm(1, 1);
  CAF_CHECK_EQUAL(work.status().ignored, 5u);
  CAF_CHECK_EQUAL(work.status().done, 1u);
}

CAF_TEST(what is lost is told once to the member that gets the next event) {
  work.add(1, true);
  work.add(2, true);
  take(1);
  hand_out();
  seq += 4; // 2 to 5 were dropped
  take(2, {{2, 4, 3, gap_reason::queue_full}, {5, 5, 1, gap_reason::shed}});
  hand_out();
  CAF_CHECK(gaps[2] == (std::vector<gap_frame>{{1, 3, 3, gap_reason::queue_full}, {4, 4, 1, gap_reason::shed}}));
  CAF_CHECK(gaps[1].empty());
  CAF_CHECK(seqs[2] == (std::vector<uint64_t>{5}));
  CAF_CHECK(seqs[1] == (std::vector<uint64_t>{1, 2}));
  CAF_CHECK_EQUAL(work.counters_of(2).received, 5u);
  CAF_CHECK_EQUAL(work.counters_of(2).dropped, 4u);
  CAF_CHECK_EQUAL(work.counters_of(2).delivered, 1u);
  CAF_CHECK_EQUAL(work.status().lost, 4u);
  CAF_CHECK(adds_up());
}

CAF_TEST(a loss that comes while a delivery is on its way to a member that then leaves is told to another) {
  work.add(1, true);
  take(1);
  hand_out(false);
  ++seq;
  take(1, {{2, 2, 1, gap_reason::queue_full}});
  hand_out(false); // waits behind the delivery that is on its way
  work.remove(1, now);
  work.add(2, true);
  hand_out();
  CAF_CHECK(gaps[2] == (std::vector<gap_frame>{{2, 2, 1, gap_reason::queue_full}}));
}

CAF_TEST(nothing new is taken while much was given back) {
  work.add(1, false);
  take(2);
  hand_out();
  work.give_back(1, 1, now + 1h);
  work.give_back(1, 2, now + 1h);
  CAF_CHECK(!work.wants_more()); // it may have two, and two wait
  now += 1h;
  hand_out();
  CAF_CHECK(work.wants_more());
}

CAF_TEST(without confirmations an event is done when it is written) {
  work = group_work{{false, 100, 3, 1'000'000}};
  work.add(1, false);
  take(3);
  hand_out(false);
  CAF_CHECK_EQUAL(work.status().in_flight, 3u);
  work.written(1);
  CAF_CHECK_EQUAL(work.status().done, 3u);
  CAF_CHECK(work.idle());
  work.remove(1, now);
  work.add(2, false);
  CAF_CHECK(hand_out().empty());
}

CAF_TEST(without confirmations a member has no more bytes than one delivery) {
  work = group_work{{false, 100, 3, 1}};
  work.add(1, false);
  take(3);
  CAF_CHECK(hand_out(false) == (given{{1, {"0"}}}));
  work.written(1);
  CAF_CHECK(hand_out(false) == (given{{1, {"1"}}}));
}

CAF_TEST(with confirmations the members have no more bytes together than the bound and one event each) {
  work = group_work{{true, 100, 3, 0, 1}};
  work.add(1, false);
  work.add(2, false);
  take(5);
  CAF_CHECK(hand_out() == (given{{1, {"0"}}, {2, {"1"}}}));
  work.confirm(1, 1);
  CAF_CHECK(hand_out() == (given{{1, {"2"}}}));
  work.give_back(2, 1, now + 1h);
  CAF_CHECK(hand_out() == (given{{2, {"3"}}})); // what was given back counts, too
  work.confirm(1, 2);
  work.confirm(2, 2);
  CAF_CHECK(hand_out() == (given{{1, {"4"}}}));
  CAF_CHECK(!work.wants_more());
  now += 1h;
  CAF_CHECK(hand_out() == (given{{2, {"1/2"}}}));
  CAF_CHECK(work.wants_more());
}

CAF_TEST(an event that waits for its confirmation does not keep its batch) {
  work.add(1, false);
  auto batch = numbered_batch(100, 0, "t", 1'000);
  work.take({{batch, 0, 1, 1}}, {});
  hand_out();
  CAF_CHECK_EQUAL(batch.use_count(), 1);
  work.remove(1, now);
  work.add(2, false);
  CAF_CHECK(hand_out() == (given{{2, {"0/2"}}}));
}

CAF_TEST_FIXTURE_SCOPE_END()
