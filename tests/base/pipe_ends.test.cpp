#include "base/pipe_ends.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <sys/resource.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(what goes in at one end comes out at the other) {
  auto ends = make_pipe();
  CAF_REQUIRE(ends);
  char byte = 0;
  CAF_CHECK_EQUAL(::write(ends->write.get(), "x", 1), 1);
  CAF_CHECK_EQUAL(::read(ends->read.get(), &byte, 1), 1);
  CAF_CHECK_EQUAL(byte, 'x');
}

CAF_TEST(programs that are started do not get the ends) {
  auto ends = make_pipe();
  CAF_REQUIRE(ends);
  CAF_CHECK(::fcntl(ends->read.get(), F_GETFD) & FD_CLOEXEC);
  CAF_CHECK(::fcntl(ends->write.get(), F_GETFD) & FD_CLOEXEC);
}

CAF_TEST(an end blocks unless it is told not to) {
  auto ends = make_pipe();
  CAF_REQUIRE(ends);
  CAF_CHECK(!(::fcntl(ends->read.get(), F_GETFL) & O_NONBLOCK));
  set_nonblocking(ends->read.get());
  char byte = 0;
  CAF_CHECK_EQUAL(::read(ends->read.get(), &byte, 1), -1);
  CAF_CHECK_EQUAL(errno, EAGAIN);
  CAF_CHECK(!(::fcntl(ends->write.get(), F_GETFL) & O_NONBLOCK));
}

CAF_TEST(without a descriptor there is no pipe and a reason) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none{0, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  auto ends = make_pipe();
  ::setrlimit(RLIMIT_NOFILE, &before);
  CAF_REQUIRE(!ends);
  CAF_CHECK(ends.error().kind == failure_kind::unavailable);
  CAF_CHECK_EQUAL(ends.error().text.find("cannot make a pipe: "), 0u);
}
