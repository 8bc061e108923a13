#include "actors/filter_registry.hpp"

#include "messages/filter_text.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

namespace {

event_filter number_is(int n) {
  return *parse_filter("/n == " + std::to_string(n));
}

} // namespace

CAF_TEST(the same filter is one object and another one another) {
  filter_registry testee{10};
  auto x = testee.find_or_add(number_is(1));
  auto y = testee.find_or_add(number_is(1));
  auto z = testee.find_or_add(*parse_filter("/n == 1.0"));
  CAF_REQUIRE(x && y && z);
  CAF_CHECK(*x == *y);
  CAF_CHECK(*x != *z);
  CAF_CHECK_EQUAL(testee.size(), 2u);
}

CAF_TEST(no filter is none) {
  filter_registry testee{0};
  auto x = testee.find_or_add({});
  CAF_CHECK(x && *x == nullptr);
}

CAF_TEST(beyond the limit a new filter is refused and one that is there is not ) {
  filter_registry testee{2};
  auto x = testee.find_or_add(number_is(1));
  auto y = testee.find_or_add(number_is(2));
  auto z = testee.find_or_add(number_is(3));
  CAF_REQUIRE(!z);
  CAF_CHECK(z.error().kind == failure_kind::unavailable);
  CAF_CHECK_NOT_EQUAL(z.error().text.find("2 different filters"), std::string::npos);
  CAF_CHECK(testee.find_or_add(number_is(1)));
}

CAF_TEST(a filter that nobody holds makes room) {
  filter_registry testee{1};
  {
    auto x = testee.find_or_add(number_is(1));
    CAF_CHECK(!testee.find_or_add(number_is(2)));
  }
  CAF_CHECK_EQUAL(testee.size(), 0u);
  CAF_CHECK(testee.find_or_add(number_is(2)));
}
