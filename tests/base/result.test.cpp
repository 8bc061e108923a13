#include "base/result.hpp"

#include <cerrno>
#include <memory>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(a result holds its value) {
  result<std::unique_ptr<int>> x{std::make_unique<int>(7)};
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(**x, 7);
  CAF_CHECK_EQUAL(**std::move(x), 7);
}

CAF_TEST(a result without a value says why) {
  result<std::string> x{failure{failure_kind::not_found, "there is none"}};
  CAF_CHECK(!x);
  CAF_CHECK(x.error() == (failure{failure_kind::not_found, "there is none"}));
}

CAF_TEST(a failure is passed on to a result of another type) {
  result<int> from{failure{failure_kind::refused, "no"}};
  result<std::string> to{from.error()};
  CAF_CHECK(!to);
  CAF_CHECK_EQUAL(to.error().text, "no");
}

CAF_TEST(a result without a value type is done or says why) {
  CAF_CHECK(result<void>{});
  result<void> x{failure{failure_kind::invalid, "that"}};
  CAF_CHECK(!x);
  CAF_CHECK_EQUAL(x.error().text, "that");
}

CAF_TEST(a value that converts to the type is taken) {
  result<std::string> x{"text"};
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(x->size(), 4u);
}

CAF_TEST(a failed system call is told with its kind and in words) {
  errno = EMFILE;
  auto x = errno_failure("open /tmp/x");
  CAF_CHECK(x.kind == failure_kind::unavailable);
  CAF_CHECK_EQUAL(x.text, "open /tmp/x: Too many open files");
  CAF_CHECK(errno_failure("x", ENOENT).kind == failure_kind::not_found);
  CAF_CHECK(errno_failure("x", EIO).kind == failure_kind::system);
}

CAF_TEST(each kind of failure has its word) {
  CAF_CHECK_EQUAL(std::string{to_string(failure_kind::invalid)}, "invalid");
  CAF_CHECK_EQUAL(std::string{to_string(failure_kind::stopping)}, "stopping");
  CAF_CHECK_EQUAL(std::string{to_string(failure_kind::system)}, "system");
}
