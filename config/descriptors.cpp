#include "config/descriptors.hpp"

#include <atomic>
#include <sys/resource.h>

namespace cafbus {

namespace {

/// The soft limit as it was; 0: it has not been raised. Written before there are threads, read by sources.
std::atomic<rlim_t> original{0};

} // namespace

uint64_t raise_descriptor_limit() {
  rlimit x{};
  if (::getrlimit(RLIMIT_NOFILE, &x) != 0)
    return 1'024;
  auto before = x.rlim_cur;
  x.rlim_cur = x.rlim_max;
  if (before == x.rlim_max || ::setrlimit(RLIMIT_NOFILE, &x) != 0)
    return before;
  original = before;
  return x.rlim_max;
}

void restore_descriptor_limit(pid_t child) {
  rlimit x{};
  if (original == 0 || ::getrlimit(RLIMIT_NOFILE, &x) != 0)
    return;
  x.rlim_cur = original;
  ::prlimit(child, RLIMIT_NOFILE, &x, nullptr); // one that has ended needs none
}

} // namespace cafbus
