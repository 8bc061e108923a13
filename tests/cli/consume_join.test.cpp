#include "cli/consume_join.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

CAF_TEST(a consumer waits for longer than its set up may take) {
  runtime_limits x;
  x.cleanup_wait = 3s;
  x.cleanup_lease = 30s;
  x.hook_timeout = 10min;
  CAF_CHECK(admission_time(x) == 10min + 11s);
}

CAF_TEST(a consumer waits for longer than the clean up of another one may take) {
  runtime_limits x;
  x.cleanup_wait = 1s;
  x.cleanup_lease = 1min;
  x.hook_timeout = 10ms;
  CAF_CHECK(admission_time(x) == 1min + 7s);
}

CAF_TEST(limits that no bus can have do not overflow the wait) {
  runtime_limits x;
  x.cleanup_wait = x.cleanup_lease = x.hook_timeout = std::chrono::nanoseconds::max();
  CAF_CHECK(admission_time(x) > 0s);
  x.cleanup_wait = x.cleanup_lease = x.hook_timeout = std::chrono::nanoseconds::min();
  CAF_CHECK(admission_time(x) > 0s);
}
