#include "actors/dedup_window.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <string>

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

struct fixture {
  dedup_window testee{5, 10s};
  dedup_window::time_point start{1h};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(dedup_window_tests, fixture)

CAF_TEST(an id is new once) {
  CAF_CHECK(testee.claim("a", start));
  CAF_CHECK(!testee.claim("a", start));
  CAF_CHECK(testee.claim("b", start));
}

CAF_TEST(the empty id is always new) {
  CAF_CHECK(testee.claim("", start));
  CAF_CHECK(testee.claim("", start));
  CAF_CHECK_EQUAL(testee.size(), 0u);
}

CAF_TEST(an id is new again after its time to live) {
  CAF_CHECK(testee.claim("a", start));
  CAF_CHECK(!testee.claim("a", start + 10s - 1ns));
  CAF_CHECK(testee.claim("a", start + 10s));
  CAF_CHECK(!testee.claim("a", start + 11s));
}

CAF_TEST(a repetition does not prolong the time to live) {
  CAF_CHECK(testee.claim("a", start));
  CAF_CHECK(!testee.claim("a", start + 9s));
  CAF_CHECK(testee.claim("a", start + 10s));
}

CAF_TEST(all ids of a full window are duplicates and the next one pushes the oldest out) {
  for (auto id : {"1", "2", "3", "4", "5"})
    CAF_CHECK(testee.claim(id, start));
  for (auto id : {"1", "2", "3", "4", "5"})
    CAF_CHECK(!testee.claim(id, start));
  CAF_CHECK(testee.claim("6", start));
  CAF_CHECK(!testee.claim("2", start));
  CAF_CHECK(testee.claim("1", start));
  CAF_CHECK_EQUAL(testee.size(), 5u);
}

CAF_TEST(expired ids that are still in the window are not duplicates after further ids) {
  for (auto id : {"1", "2", "3", "4", "5"})
    testee.claim(id, start);
  for (auto id : {"6", "7"})
    CAF_CHECK(testee.claim(id, start + 11s));
  for (auto id : {"1", "2", "3", "4", "5"})
    CAF_CHECK(testee.claim(id, start + 11s));
}

CAF_TEST(two hundred distinct ids are each new exactly once) {
  dedup_window wide{1000, 10s};
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 200; ++i)
      CAF_CHECK_EQUAL(wide.claim("id" + std::to_string(i), start), round == 0);
}

CAF_TEST(a window knows the newest ids and no others whatever comes) {
  constexpr size_t capacity = 700; // more than the first table holds
  dedup_window window{capacity, 10s};
  std::deque<std::string> known;
  std::minstd_rand random{1};
  for (int i = 0; i < 20'000; ++i) {
    const auto id = std::to_string(random() % 1'500);
    const auto is_new = std::find(known.begin(), known.end(), id) == known.end();
    CAF_REQUIRE_EQUAL(window.claim(id, start), is_new);
    if (is_new)
      known.push_back(id);
    if (known.size() > capacity)
      known.pop_front();
    CAF_REQUIRE_EQUAL(window.size(), known.size());
  }
}

CAF_TEST(a window of capacity zero remembers nothing) {
  dedup_window off{0, 10s};
  CAF_CHECK(off.claim("a", start));
  CAF_CHECK(off.claim("a", start));
}

CAF_TEST(a new time to remember holds for the ids that are known) {
  testee.claim("a", start);
  testee.remember_for(100s);
  CAF_CHECK(!testee.claim("a", start + 99s));
  testee.remember_for(1s);
  CAF_CHECK(testee.claim("a", start + 99s));
}

CAF_TEST_FIXTURE_SCOPE_END()
