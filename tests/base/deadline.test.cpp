#include "base/deadline.hpp"

#include "base/unique_fd.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

CAF_TEST(a part of a millisecond counts as a whole one for poll) {
  CAF_CHECK_EQUAL(poll_ms(1ns), 1);
  CAF_CHECK_EQUAL(poll_ms(1ms), 1);
  CAF_CHECK_EQUAL(poll_ms(1ms + 1ns), 2);
}

CAF_TEST(what is over or endless has a bound for poll) {
  CAF_CHECK_EQUAL(poll_ms(0ns), 0);
  CAF_CHECK_EQUAL(poll_ms(-5s), 0);
  CAF_CHECK_EQUAL(poll_ms(std::chrono::nanoseconds::max()), 3'600'000);
}

CAF_TEST(a deadline as far as the clock goes does not overflow) {
  deadline x{std::chrono::nanoseconds::max()};
  CAF_CHECK(!x.is_over());
  CAF_CHECK(x.left() > 24h * 364);
  CAF_CHECK(deadline{std::chrono::nanoseconds::min()}.is_over());
}

CAF_TEST(a descriptor is waited for until it is ready or the time is over) {
  int ends[2];
  CAF_REQUIRE_EQUAL(::pipe(ends), 0);
  unique_fd in{ends[0]}, out{ends[1]};
  CAF_CHECK_EQUAL(wait_for(in.get(), POLLIN, deadline{1ms}), 0);
  CAF_REQUIRE_EQUAL(::write(out.get(), "x", 1), 1);
  CAF_CHECK_EQUAL(wait_for(in.get(), POLLIN, deadline{10s}), POLLIN);
  CAF_CHECK_EQUAL(wait_for(in.get(), POLLIN, deadline{0s}), POLLIN);
}
