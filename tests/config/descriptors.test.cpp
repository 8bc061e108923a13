#include "config/descriptors.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

/// Runs `check` in a child of its own, since limits belong to a process. @returns what it says.
template <class Check>
bool holds_in_a_child(Check check) {
  auto child = ::fork();
  if (child == 0)
    ::_exit(check() ? 0 : 1);
  int status = 1;
  ::waitpid(child, &status, 0);
  return status == 0;
}

bool set_soft_limit(rlim_t x) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return false;
  limit.rlim_cur = x;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

rlim_t soft_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

rlim_t hard_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_max;
}

} // namespace

CAF_TEST(the soft limit is raised to the hard one) {
  CAF_CHECK(holds_in_a_child(
      [] { return set_soft_limit(64) && raise_descriptor_limit() == hard_limit() && soft_limit() == hard_limit(); }));
}

CAF_TEST(a process gets back the soft limit that it began with) {
  CAF_CHECK(holds_in_a_child([] {
    if (!set_soft_limit(64))
      return false;
    raise_descriptor_limit();
    restore_descriptor_limit(::getpid());
    return soft_limit() == 64;
  }));
}

CAF_TEST(a limit that was not raised stays as it is) {
  CAF_CHECK(holds_in_a_child([] {
    auto before = soft_limit();
    restore_descriptor_limit(::getpid());
    return soft_limit() == before;
  }));
}
