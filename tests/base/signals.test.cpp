#include "base/signals.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

/// Runs `what` in a process of its own, whose signals are its own. @returns what it returned.
template <class F>
int in_child(F what) {
  auto child = ::fork();
  if (child == 0)
    ::_exit(what());
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace

CAF_TEST(a signal that is ignored stays ignored) {
  auto outcome = in_child([] {
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGTERM, SIG_DFL);
    auto blocked = block_signals({SIGHUP, SIGTERM});
    return (::sigismember(&blocked, SIGHUP) != 0 ? 1 : 0) + (::sigismember(&blocked, SIGTERM) != 1 ? 2 : 0);
  });
  CAF_CHECK_EQUAL(outcome, 0);
}

CAF_TEST(a blocked signal waits to be taken) {
  auto outcome = in_child([] {
    ::signal(SIGTERM, SIG_DFL);
    auto blocked = block_signals({SIGTERM});
    ::raise(SIGTERM);
    timespec now{};
    return ::sigtimedwait(&blocked, nullptr, &now) == SIGTERM ? 0 : 1;
  });
  CAF_CHECK_EQUAL(outcome, 0);
}
