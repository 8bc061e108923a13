#include "cli/status_check.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

status_response balanced() {
  status_response result;
  result.version = "0.1.0";
  result.counters.ingress = 10;
  result.counters.duplicates = 1;
  result.counters.unmatched = 2;
  result.counters.matched = 7;
  auto& consumer = result.consumers.emplace_back();
  consumer.pid = 42;
  consumer.event_key = "im.message";
  consumer.received = 7;
  consumer.delivered = 4;
  consumer.dropped = 2;
  consumer.queued = 1;
  return result;
}

} // namespace

CAF_TEST(a bus that gives no counters is not vouched for) {
  status_response other;
  other.pid = 1;
  CAF_CHECK(!counts_events(other));
  CAF_CHECK_EQUAL(unaccounted(other).size(), 1u);
}

CAF_TEST(counters that add up are accounted for) {
  CAF_CHECK(unaccounted(balanced()).empty());
}

CAF_TEST(an event that came in and went nowhere is told) {
  auto x = balanced();
  x.counters.matched = 6;
  auto told = unaccounted(x);
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK_EQUAL(told[0],
                  "bus: ingress = duplicates + unmatched + matched does not hold: 10 and 1 + 2 + 6, 1 missing");
}

CAF_TEST(a consumer that got more than was meant for it is named) {
  auto x = balanced();
  x.consumers[0].delivered = 9;
  auto told = unaccounted(x);
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK_EQUAL(told[0], "consumer 42 (im.message): received = delivered + dropped + queued does not hold: "
                           "7 and 9 + 2 + 1, 5 too many");
}

CAF_TEST(each sum that does not hold has a sentence) {
  auto x = balanced();
  x.counters.ingress = 11;
  x.consumers[0].received = 8;
  CAF_CHECK_EQUAL(unaccounted(x).size(), 2u);
}
