#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include <caf/test/unit_test.hpp>

using cafbus::unique_fd;

namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

int some_fd() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

} // namespace

CAF_TEST(an empty owner owns nothing) {
  unique_fd x;
  CAF_CHECK(!x);
  CAF_CHECK_EQUAL(x.get(), -1);
}

CAF_TEST(the owner closes its descriptor at its end) {
  int raw = some_fd();
  {
    unique_fd x{raw};
    CAF_CHECK(x);
    CAF_CHECK(is_open(raw));
  }
  CAF_CHECK(!is_open(raw));
}

CAF_TEST(moving hands the descriptor over) {
  int raw = some_fd();
  unique_fd x{raw};
  unique_fd y{std::move(x)};
  CAF_CHECK_EQUAL(y.get(), raw);
  CAF_CHECK_EQUAL(x.release(), -1); // NOLINT(bugprone-use-after-move): that is the question
  CAF_CHECK(is_open(raw));
}

CAF_TEST(assigning closes what was owned before) {
  int first = some_fd();
  int second = some_fd();
  unique_fd x{first};
  x = unique_fd{second};
  CAF_CHECK(!is_open(first));
  CAF_CHECK_EQUAL(x.get(), second);
}

CAF_TEST(a descriptor that is assigned to itself stays open) {
  unique_fd x{some_fd()};
  auto& alias = x;
  x = std::move(alias);
  CAF_CHECK(is_open(x.get()));
}

CAF_TEST(what is released is not closed) {
  unique_fd x{some_fd()};
  int raw = x.release();
  CAF_CHECK(!x);
  CAF_CHECK(is_open(raw));
  ::close(raw);
}
