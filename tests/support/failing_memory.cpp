#include "support/failing_memory.hpp"

#include <atomic>
#include <climits>
#include <cstdlib>
#include <new>

namespace cafbus::test {

namespace {

std::atomic<int> until_failure{INT_MAX}; // allocations; at most 0: they fail
std::atomic<int> last_failure{0};        // where they no longer do
thread_local bool may_fail = false;

bool fails() noexcept {
  if (!may_fail || until_failure == INT_MAX)
    return false;
  auto left = --until_failure;
  return left <= 0 && left >= last_failure;
}

} // namespace

void failing_memory::may_fail_here() {
  may_fail = true;
}

failing_memory::failing_memory(int first, int count) {
  last_failure = 1 - count;
  until_failure = first;
}

failing_memory::~failing_memory() {
  until_failure = INT_MAX;
}

bool failing_memory::has_failed() const {
  return until_failure <= 0;
}

} // namespace cafbus::test

// All forms without an alignment, since a sanitizer has its own of each, which do not go together with some of ours.

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return cafbus::test::fails() ? nullptr : std::malloc(size > 0 ? size : 1);
}

void* operator new(std::size_t size) {
  if (auto* result = operator new(size, std::nothrow))
    return result;
  throw std::bad_alloc{};
}

void* operator new[](std::size_t size) {
  return operator new(size);
}

void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::nothrow);
}

void operator delete(void* x) noexcept {
  std::free(x);
}

void operator delete(void* x, std::size_t) noexcept {
  std::free(x);
}

void operator delete(void* x, const std::nothrow_t&) noexcept {
  std::free(x);
}

void operator delete[](void* x) noexcept {
  std::free(x);
}

void operator delete[](void* x, std::size_t) noexcept {
  std::free(x);
}

void operator delete[](void* x, const std::nothrow_t&) noexcept {
  std::free(x);
}
