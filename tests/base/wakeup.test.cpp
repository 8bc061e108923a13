#include "base/wakeup.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(it is on from the first set to the clear) {
  auto testee = wakeup::make();
  CAF_REQUIRE(testee);
  CAF_CHECK(!testee->is_set());
  testee->set();
  testee->set();
  CAF_CHECK(testee->is_set());
  testee->clear();
  CAF_CHECK(!testee->is_set());
  testee->clear();
}
