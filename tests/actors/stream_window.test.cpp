#include "actors/stream_window.hpp"
#include "config/defaults.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

using claimed = stream_window::claimed;

constexpr claimed taken{true, 0};
constexpr claimed repeated{false, 0};
constexpr claimed late{false, 1};

constexpr claimed taken_after(uint64_t lost) {
  return {true, lost};
}
constexpr claimed late_after(uint64_t lost) {
  return {false, lost + 1};
}

constexpr uint64_t self = 1;

event_origin from(uint64_t node, uint64_t number, uint64_t type_number = 0) {
  return {node, number, 1, 0, type_number};
}

const auto any_type = [](const std::string&) { return true; };

} // namespace

CAF_TEST(an event is taken once whichever way it comes) {
  stream_window window{self};
  CAF_CHECK(window.claim(from(2, 1, 1), "a") == taken);
  CAF_CHECK(window.claim(from(2, 1, 1), "a") == repeated);
  CAF_CHECK(window.claim(from(2, 1), "a") == repeated); // over a link that does not number
  CAF_CHECK(window.claim(from(2, 2, 2), "a") == taken);
}

CAF_TEST(what is older than an event of its stream is refused) {
  stream_window window{self};
  CAF_CHECK(window.claim(from(2, 10), "a") == taken);
  CAF_CHECK(window.claim(from(2, 9), "a") == repeated);
  CAF_CHECK(window.claim(from(2, 12), "a") == taken);
}

CAF_TEST(the numbers of one bus or type say nothing of another) {
  stream_window window{self};
  CAF_CHECK(window.claim(from(2, 10), "a") == taken);
  CAF_CHECK(window.claim(from(3, 1), "a") == taken);
  CAF_CHECK(window.claim(from(4, 9), "b") == taken);
}

CAF_TEST(what comes after a later event of its bus is late once) {
  stream_window window{self};
  window.claim(from(2, 10, 1), "a");
  CAF_CHECK(window.claim(from(2, 9, 1), "b") == late);
  CAF_CHECK(window.claim(from(2, 9, 1), "b") == repeated);
  CAF_CHECK(window.claim(from(2, 11, 2), "b") == taken);
}

CAF_TEST(what this bus has sent out comes in no more) {
  stream_window window{self};
  CAF_CHECK(window.claim(from(self, 1, 1), "a") == repeated);
  CAF_CHECK_EQUAL(window.miss({self, "a", 1, 5, 2}), 0u);
  CAF_CHECK(!window.follow({self, "a", 9, 2}));
}

CAF_TEST(an event that is missing on one way is lost unless it has come another way) {
  stream_window window{self};
  window.claim(from(2, 10, 3), "a");
  CAF_CHECK_EQUAL(window.miss({2, "a", 1, 3, 1}), 0u);
  CAF_CHECK_EQUAL(window.miss({2, "a", 2, 5, 1}), 2u);
  CAF_CHECK_EQUAL(window.miss({2, "a", 2, 5, 1}), 0u);      // told once
  CAF_CHECK(window.claim(from(2, 12, 5), "a") == repeated); // and refused after
  CAF_CHECK(window.claim(from(2, 13, 6), "a") == taken);
}

CAF_TEST(an event before one that is missing may be about to come) {
  stream_window window{self};
  window.claim(from(2, 10, 3), "a");
  CAF_CHECK_EQUAL(window.miss({2, "a", 5, 6, 1}), 2u);
  CAF_CHECK_EQUAL(window.miss({2, "a", 8, 9, 1}), 2u);
  CAF_CHECK_EQUAL(window.miss({2, "a", 5, 9, 1}), 1u); // 7
  CAF_CHECK(window.claim(from(2, 11, 4), "a") == taken);
  for (uint64_t n = 5; n < 10; ++n)
    CAF_CHECK(window.claim(from(2, 20 + n, n), "a") == repeated);
  CAF_CHECK(window.claim(from(2, 30, 10), "a") == taken);
}

CAF_TEST(memory for what is missing is bounded) {
  stream_window window{self};
  uint64_t told = 0;
  for (uint64_t n = 1; n <= 10'000; ++n)
    told += window.miss({2, "a", 2 * n, 2 * n, 1});
  CAF_CHECK_EQUAL(told, 10'000u);
  CAF_CHECK(window.claim(from(2, 1, 1), "a") == repeated); // far behind
  CAF_CHECK(window.claim(from(2, 2, 19'999), "a") == taken);
}

CAF_TEST(the first link that follows a stream says where it begins) {
  stream_window window{self};
  CAF_CHECK(window.follow({2, "a", 100, 1}));
  CAF_CHECK_EQUAL(window.miss({2, "a", 90, 102, 1}), 2u);
  CAF_CHECK(!window.follow({2, "a", 200, 1})); // another one follows it: what it has not brought may come
  CAF_CHECK(window.claim(from(2, 500, 103), "a") == taken);
}

CAF_TEST(what an event from a faster link leaves behind is lost) {
  stream_window window{self};
  window.follow({2, "a", 3, 1}); // one link is to bring all from 4 on
  window.follow({2, "a", 9, 1}); // another one from 10 on
  CAF_CHECK_EQUAL(window.miss({2, "a", 6, 7, 1}), 2u);
  CAF_CHECK(window.claim(from(2, 20, 10), "a") == taken_after(4)); // 4, 5, 8 and 9
  CAF_CHECK(window.claim(from(2, 14, 4), "a") == repeated);
  CAF_CHECK_EQUAL(window.miss({2, "a", 5, 10, 1}), 0u); // told once
  CAF_CHECK(window.claim(from(2, 21, 11), "a") == taken);
}

CAF_TEST(what is late is lost beside what it leaves behind) {
  stream_window window{self};
  window.follow({2, "a", 3, 1});
  window.claim(from(2, 30, 1), "b");
  CAF_CHECK(window.claim(from(2, 20, 6), "a") == late_after(2));
}

CAF_TEST(where no link follows a stream nothing is left behind) {
  stream_window window{self};
  window.claim(from(2, 10, 3), "a");
  CAF_CHECK(window.claim(from(2, 20, 10), "a") == taken);
}

CAF_TEST(what came while nobody wanted it is not left behind) {
  stream_window window{self};
  window.follow({2, "a", 3, 1});
  window.pass(from(2, 14, 4), "a");
  window.pass(from(2, 14, 4), "unknown");
  CAF_CHECK(window.claim(from(2, 15, 5), "a") == taken);
}

CAF_TEST(what came over a link that does not number is not left behind) {
  stream_window window{self};
  window.follow({2, "a", 3, 1});
  CAF_CHECK(window.claim(from(2, 14), "a") == taken);
  CAF_CHECK(window.claim(from(2, 14, 4), "a") == repeated);
  CAF_CHECK(window.claim(from(2, 15, 5), "a") == taken);
}

CAF_TEST(a stream that is followed again begins anew) {
  stream_window window{self};
  window.follow({2, "a", 5, 1});
  window.unfollow({2, "a", 5, 1});
  CAF_CHECK(window.follow({2, "a", 50, 1}));
  CAF_CHECK_EQUAL(window.miss({2, "a", 51, 51, 1}), 1u);
}

CAF_TEST(a stream that is followed again is news though it has not come further) {
  stream_window window{self};
  CAF_CHECK(window.follow({2, "a", 5, 1}));
  CAF_CHECK(window.claim(from(2, 9, 6), "a") == taken);
  window.unfollow({2, "a", 6, 1});
  CAF_CHECK(window.follow({2, "a", 6, 1}));
}

CAF_TEST(its list holds what is counted here and what is followed) {
  stream_window window{self};
  window.number_own();
  *window.own("a") = 7;
  window.follow({2, "b", 5, 1});
  window.claim(from(3, 1, 1), "c");
  CAF_CHECK_EQUAL(window.list(any_type).size(), 2u);
  auto only = window.list([](const std::string& type) { return type == "a"; });
  CAF_CHECK(only == (std::vector<stream_count>{{self, "a", 7, 0}}));
}

CAF_TEST(its list says where a stream began that is newer than the wish for it) {
  stream_window window{self};
  window.follow({2, "a", 0, 1});
  window.miss({2, "a", 1, 4, 1});
  const auto wished_at = window.time();
  CAF_CHECK(window.list(any_type, wished_at) == (std::vector<stream_count>{{2, "a", 4, 1}}));
  window.unfollow({2, "a", 4, 1});
  window.follow({3, "a", 0, 1});
  window.miss({3, "a", 1, 5, 1});
  CAF_CHECK(window.list(any_type, wished_at) == (std::vector<stream_count>{{3, "a", 0, 1}, {3, "a", 5, 1}}));
  CAF_CHECK(window.list(any_type) == (std::vector<stream_count>{{3, "a", 5, 1}}));
}

CAF_TEST(memory is bounded and keeps what was heard last and what is counted here) {
  stream_window window{self};
  *window.own("a") = 7;
  for (uint64_t i = 0; i < 2 * defaults::max_streams; ++i) {
    window.claim(from(2 + i, 1), "a");
    window.claim(from(2, i + 2), "b"); // heard all the time
  }
  CAF_CHECK_LESS_OR_EQUAL(window.size(), defaults::max_streams);
  CAF_CHECK(window.claim(from(2, 5), "b") == repeated);
  CAF_CHECK_EQUAL(*window.own("a"), 7u);
}

CAF_TEST(so many types of this bus are counted and no more) {
  stream_window window{self};
  for (size_t i = 0; i < defaults::max_own_streams; ++i)
    CAF_REQUIRE(window.own(std::to_string(i)) != nullptr);
  CAF_CHECK(window.own("one more") == nullptr);
  CAF_CHECK(window.own("7") != nullptr);
}
