#include "actors/origin_window.hpp"
#include "config/defaults.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

constexpr uint64_t self = 1;

event_origin from(uint64_t node, uint64_t number) {
  return {node, number, 1, 0};
}

} // namespace

CAF_TEST(an event is taken once whichever way it comes) {
  origin_window window{self};
  CAF_CHECK(window.claim(from(2, 1)));
  CAF_CHECK(!window.claim(from(2, 1)));
  CAF_CHECK(window.claim(from(2, 2)));
}

CAF_TEST(what is older than an event that was taken is refused) {
  origin_window window{self};
  CAF_CHECK(window.claim(from(2, 10)));
  CAF_CHECK(!window.claim(from(2, 9)));
  CAF_CHECK(window.claim(from(2, 12)));
}

CAF_TEST(the numbers of one bus say nothing of another) {
  origin_window window{self};
  CAF_CHECK(window.claim(from(2, 10)));
  CAF_CHECK(window.claim(from(3, 1)));
}

CAF_TEST(what this bus has sent out comes in no more) {
  origin_window window{self};
  CAF_CHECK(!window.claim(from(self, 1)));
}

CAF_TEST(memory is bounded and keeps the buses that were heard last) {
  origin_window window{self};
  for (uint64_t node = 2; node < 2 + 2 * defaults::max_origins; ++node) {
    CAF_CHECK(window.claim(from(node, 1)));
    window.claim(from(2, node)); // heard all the time
  }
  CAF_CHECK_EQUAL(window.size(), defaults::max_origins);
  CAF_CHECK(!window.claim(from(2, 5)));
}
