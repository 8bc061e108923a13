#include "actors/stall_watch.hpp"

#include <caf/test/unit_test.hpp>

using cafbus::stall_watch;
using namespace std::chrono_literals;

namespace {

const stall_watch::time_point begin{1h};

} // namespace

CAF_TEST(who answers in time is looked at once and no more) {
  stall_watch x{4s};
  CAF_CHECK(x.sent(begin) == 4s);
  x.answered();
  const auto verdict = x.look(begin + 4s);
  CAF_CHECK(!verdict.stalled && !verdict.look_again);
  CAF_CHECK(x.sent(begin + 5s) == 4s);
}

CAF_TEST(one look is arranged however much is sent and goes by what was sent last) {
  stall_watch x{4s};
  x.sent(begin);
  x.answered();
  CAF_CHECK(!x.sent(begin + 3s));
  auto verdict = x.look(begin + 4s);
  CAF_CHECK(!verdict.stalled && verdict.look_again == 3s);
  verdict = x.look(begin + 7s);
  CAF_CHECK(verdict.stalled && !verdict.look_again);
}

CAF_TEST(a look that comes much too late is repeated before it counts) {
  stall_watch x{4s};
  x.sent(begin);
  auto verdict = x.look(begin + 1h);
  CAF_CHECK(!verdict.stalled && verdict.look_again == 1s);
  auto answered = x;
  answered.answered();
  CAF_CHECK(!answered.look(begin + 1h + 1s).stalled);
  CAF_CHECK(x.look(begin + 2h).stalled); // it has had its time
}

CAF_TEST(a limit without an end is one that can be counted with) {
  stall_watch x{stall_watch::duration::max()};
  CAF_CHECK(x.has_limit());
  CAF_CHECK(x.sent(begin) == stall_watch::longest);
  CAF_CHECK(!stall_watch{0s}.has_limit());
}
