#include "cli/stats_teller.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

const stats_teller::clock::time_point start{1h};

} // namespace

CAF_TEST(what has changed is told once a second at most) {
  stats_teller teller;
  CAF_CHECK_EQUAL(teller.progress({1}, start), "{\"type\":\"stats\",\"handled\":1,\"failed\":0,\"lost\":0}\n");
  CAF_CHECK_EQUAL(teller.progress({2}, start + 999ms), "");
  CAF_CHECK(teller.due() == start + 1s);
  CAF_CHECK_EQUAL(teller.progress({2, 1}, start + 1s), "{\"type\":\"stats\",\"handled\":2,\"failed\":1,\"lost\":0}\n");
}

CAF_TEST(nothing is told and nothing waits while nothing changes) {
  stats_teller teller;
  CAF_CHECK(!teller.progress({}, start).empty()); // that it will tell
  CAF_CHECK(!teller.due());
  CAF_CHECK_EQUAL(teller.progress({}, start + 5s), "");
  CAF_CHECK(!teller.due());
}
