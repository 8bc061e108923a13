#include "io/daemon/file_lock.hpp"

#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

/// Asks in a process of its own: a process does not see its own record locks.
template <class Question>
bool another_process_says(Question question) {
  auto child = ::fork();
  if (child == 0)
    ::_exit(question() ? 0 : 1);
  int status = 1;
  ::waitpid(child, &status, 0);
  return status == 0;
}

struct fixture {
  file_lock taken() {
    auto lock = file_lock::try_take(path, 0ms);
    if (!lock || !*lock)
      CAF_FAIL("the lock is free, and was not given");
    return std::move(**lock);
  }

  test::temp_dir tmp;
  std::string path = tmp / "bus.alive.lock";
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(file_lock_tests, fixture)

CAF_TEST(a free lock is taken and its file is private) {
  std::ofstream{path}.close();
  ::chmod(path.c_str(), 0644);
  auto lock = taken();
  struct stat info {};
  ::fstat(lock.fd(), &info);
  CAF_CHECK_EQUAL(info.st_mode & 0777, 0600u);
}

CAF_TEST(another process neither gets a lock that is held nor waits for it) {
  auto lock = taken();
  CAF_CHECK(another_process_says([&] {
    auto second = file_lock::try_take(path, 1h);
    return second && !*second;
  }));
}

CAF_TEST(another process sees who holds a lock and what for) {
  auto lock = taken();
  lock.note("a longer note that is replaced");
  lock.note("starting");
  auto us = ::getpid();
  CAF_CHECK(another_process_says([&] {
    auto holder = find_lock_holder(path);
    return holder && holder->pid == us && holder->note == "starting";
  }));
}

CAF_TEST(who looks does not take the lock from its holder) {
  auto lock = taken();
  CAF_CHECK(another_process_says([&] {
    for (int i = 0; i < 3; ++i)
      if (!find_lock_holder(path))
        return false;
    return true;
  }));
}

CAF_TEST(a lock is free again when its owner has gone) {
  { auto lock = taken(); }
  CAF_CHECK(!find_lock_holder(path));
  auto again = taken();
  CAF_CHECK(again.fd() >= 0);
}

CAF_TEST(there is no holder where there is no file) {
  CAF_CHECK(!find_lock_holder(path));
}

CAF_TEST(one who takes the file lock only is a holder without a number) {
  unique_fd other{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  CAF_REQUIRE_EQUAL(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
  auto holder = find_lock_holder(path);
  CAF_REQUIRE(holder);
  CAF_CHECK_EQUAL(holder->pid, 0);
}

CAF_TEST(a link in the place of the file is refused) {
  std::ofstream{tmp / "else"}.close();
  CAF_REQUIRE_EQUAL(::symlink((tmp / "else").c_str(), path.c_str()), 0);
  CAF_CHECK(!file_lock::try_take(path, 0ms));
}

CAF_TEST_FIXTURE_SCOPE_END()
