#include "config/log_limit.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

constexpr log::limit::time_point log_begin{std::chrono::seconds{1'000}};

} // namespace

CAF_TEST(a cause passes a line per second and the next line counts those held back) {
  log::limit x;
  CAF_CHECK_EQUAL(x.pass(log_begin).value_or(0), 1u);
  for (int i = 0; i < 5; ++i)
    CAF_CHECK(!x.pass(log_begin + 900ms));
  CAF_CHECK_EQUAL(x.pass(log_begin + 1s).value_or(0), 6u);
  CAF_CHECK_EQUAL(x.pass(log_begin + 2s).value_or(0), 1u);
}

CAF_TEST(what is part of normal use passes more) {
  log::limit x{3};
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(x.pass(log_begin));
  CAF_CHECK(!x.pass(log_begin));
  log::shared_limit y{2};
  CAF_CHECK(y.pass(log_begin) && y.pass(log_begin) && !y.pass(log_begin));
  CAF_CHECK_EQUAL(y.pass(log_begin + 1s).value_or(0), 2u);
}

CAF_TEST(an option may let more pass and none less) {
  log::limit x{3};
  log::lines_per_second = 5;
  for (int i = 0; i < 5; ++i)
    CAF_CHECK(x.pass(log_begin));
  CAF_CHECK(!x.pass(log_begin));
  log::lines_per_second = 1;
}
