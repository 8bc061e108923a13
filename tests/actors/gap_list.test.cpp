#include "actors/gap_list.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

using gaps = std::vector<gap_frame>;

constexpr auto full = gap_reason::queue_full;
constexpr auto shed = gap_reason::shed;

} // namespace

CAF_TEST(numbers that touch are one gap in whatever order they come) {
  gap_list testee;
  for (uint64_t seq : {5, 3, 4, 9, 8, 1})
    testee.add(seq, seq, full);
  CAF_CHECK(testee.take_before(100) == (gaps{{1, 1, 1, full}, {3, 5, 3, full}, {8, 9, 2, full}}));
  CAF_CHECK(testee.take_before(100).empty());
}

CAF_TEST(only what lies before a number is taken) {
  gap_list testee;
  testee.add(2, 2, full);
  testee.add(6, 6, full);
  CAF_CHECK(testee.take_before(6) == (gaps{{2, 2, 1, full}}));
  CAF_CHECK(testee.take_before(7) == (gaps{{6, 6, 1, full}}));
}

CAF_TEST(two reasons are two gaps) {
  gap_list testee;
  testee.add(1, 1, full);
  testee.add(2, 2, shed);
  testee.add(3, 3, shed);
  CAF_CHECK(testee.take_before(4) == (gaps{{1, 1, 1, full}, {2, 3, 2, shed}}));
}

CAF_TEST(a range joins what it touches at both ends) {
  gap_list testee;
  testee.add(1, 1, full);
  testee.add(10, 12, full);
  testee.add(2, 9, full);
  CAF_CHECK(testee.take_before(100) == (gaps{{1, 12, 12, full}}));
  CAF_CHECK(testee.empty());
}

CAF_TEST(a hole of ever changing reasons takes bounded room and loses no number) {
  gap_list testee;
  for (uint64_t seq = 1; seq <= 10'000; ++seq)
    testee.add(seq, seq, seq % 2 == 0 ? full : shed);
  auto taken = testee.take_before(10'001);
  CAF_CHECK_LESS_OR_EQUAL(taken.size(), gap_list::max_mixed);
  uint64_t next = 1;
  for (const auto& x : taken) {
    CAF_CHECK_EQUAL(x.from_seq, next);
    CAF_CHECK_EQUAL(x.count, x.to_seq - x.from_seq + 1);
    next = x.to_seq + 1;
  }
  CAF_CHECK_EQUAL(next, 10'001u);
}
