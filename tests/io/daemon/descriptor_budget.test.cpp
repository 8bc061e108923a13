#include "io/daemon/descriptor_budget.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

constexpr uint64_t least = defaults::own_descriptors + defaults::spare_connections + 1;

bus_options limited_to(uint64_t descriptors, uint32_t max_hooks = defaults::max_hooks, uint32_t max_connections = 0) {
  bus_options result;
  result.max_hooks = max_hooks;
  result.max_connections = max_connections;
  limit_to(descriptors, result);
  return result;
}

/// All that may be open at a time: the first hook and the first group that one leaves are among our own.
uint64_t most_open(const bus_options& x) {
  return defaults::own_descriptors + x.descriptors + 2 * (x.max_hooks - 1) + x.max_left_groups - 1;
}

} // namespace

CAF_TEST(what takes a descriptor never finds that others have them all) {
  for (uint64_t descriptors = least; descriptors < 100'000; descriptors += descriptors < 2'000 ? 1 : 97)
    for (uint32_t hooks : {1, 16, 4'096}) {
      auto x = limited_to(descriptors, hooks);
      if (most_open(x) > descriptors || x.max_hooks < 1 || x.max_left_groups < 1 || x.max_connections < 1 ||
          x.max_connections + defaults::spare_connections != x.descriptors)
        CAF_ERROR(descriptors << " descriptors, " << hooks << " hooks");
    }
}

CAF_TEST(of few descriptors hooks and what they leave get an eighth each) {
  auto x = limited_to(least + 95);
  CAF_CHECK_EQUAL(x.max_hooks, 11u);
  CAF_CHECK_EQUAL(x.max_left_groups, 11u);
  CAF_CHECK_EQUAL(x.descriptors, 74u);
}

CAF_TEST(of many descriptors hooks get those that were asked for) {
  auto x = limited_to(1'000'000);
  CAF_CHECK_EQUAL(x.max_hooks, defaults::max_hooks);
  CAF_CHECK_EQUAL(x.max_left_groups, defaults::max_left_groups);
  CAF_CHECK_EQUAL(x.max_connections, defaults::most_connections);
}

CAF_TEST(a limit on connections that was asked for holds) {
  CAF_CHECK_EQUAL(limited_to(1'000, 16, 10).max_connections, 10u);
}

CAF_TEST(each source takes descriptors away) {
  auto x = without_sources(128, 4);
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(*x, 96u);
}

CAF_TEST(too few descriptors for the sources are told with the way out) {
  CAF_CHECK(without_sources(least + 32, 4));
  auto x = without_sources(least + 31, 4);
  CAF_REQUIRE(!x);
  CAF_CHECK(x.error().kind == failure_kind::unavailable);
  CAF_CHECK_EQUAL(x.error().text, "there are descriptors for 64 files (RLIMIT_NOFILE), and the bus needs 65; "
                                  "raise the limit with `ulimit -n`");
}

CAF_TEST(links get an eighth that leaves enough for a bus) {
  auto x = link_share(800);
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(*x, 100u);
  CAF_CHECK(link_share(least + 8));
  CAF_CHECK(!link_share(least + 7));
}
