#include "bench/statistics.hpp"

#include <caf/test/dsl.hpp>
#include <memory>

using namespace cafbus::bench;

CAF_TEST(a spread has its median in the middle) {
  auto odd = spread_of({5, 1, 3});
  CAF_CHECK_EQUAL(odd.median, 3.0);
  CAF_CHECK_EQUAL(odd.min, 1.0);
  CAF_CHECK_EQUAL(odd.max, 5.0);
  CAF_CHECK_EQUAL(spread_of({4, 2, 1, 3}).median, 2.5);
}

CAF_TEST(percentiles are right within one hundredth) {
  auto x = std::make_unique<latencies>();
  for (uint64_t i = 1; i <= 100'000; ++i)
    x->add(i * 10);
  CAF_CHECK_EQUAL(x->count(), 100'000u);
  CAF_CHECK_EQUAL(x->max_ns(), 1'000'000u);
  for (auto share : {0.01, 0.5, 0.99, 0.999}) {
    auto exact = share * 1'000'000;
    auto found = static_cast<double>(x->at(share));
    CAF_CHECK(found > exact * 0.99 && found < exact * 1.01);
  }
}

CAF_TEST(the shortest and the longest durations have a place) {
  auto x = std::make_unique<latencies>();
  x->add(0);
  x->add(UINT64_MAX);
  CAF_CHECK_EQUAL(x->at(0.1), 0u);
  CAF_CHECK_EQUAL(x->max_ns(), UINT64_MAX);
}
