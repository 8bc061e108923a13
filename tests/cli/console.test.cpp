#include "cli/console.hpp"

#include "base/pipe_ends.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

/// What lands in `fd` while `act` runs.
template <class Action>
std::string written_to(int fd, Action act) {
  auto ends = make_pipe();
  CAF_REQUIRE(ends);
  unique_fd before{::fcntl(fd, F_DUPFD_CLOEXEC, 3)};
  ::dup2(ends->write.get(), fd);
  ends->write.reset();
  act();
  ::dup2(before.get(), fd);
  std::array<char, 4096> buffer;
  auto n = ::read(ends->read.get(), buffer.data(), buffer.size());
  return {buffer.data(), n > 0 ? static_cast<size_t>(n) : 0};
}

} // namespace

CAF_TEST(text stays as it is) {
  CAF_CHECK_EQUAL(plain("abc \u00e4\u20ac\U0001f600 \\x"), "abc \u00e4\u20ac\U0001f600 \\x");
}

CAF_TEST(what a terminal would obey is escaped) {
  CAF_CHECK_EQUAL(plain("\x1b[2J\r\n\x7f"), "\\x1b[2J\\x0d\\x0a\\x7f");
  CAF_CHECK_EQUAL(plain("\u009b"), "\\xc2\\x9b");
}

CAF_TEST(what hides or reorders text is escaped) {
  CAF_CHECK_EQUAL(plain("a\u202eb"), "a\\xe2\\x80\\xaeb");
  CAF_CHECK_EQUAL(plain("\u200b"), "\\xe2\\x80\\x8b");
  CAF_CHECK_EQUAL(plain("\ufeff"), "\\xef\\xbb\\xbf");
}

CAF_TEST(bytes that are no text are escaped and the rest is kept) {
  CAF_CHECK_EQUAL(plain("a\xff\xc3"), "a\\xff\\xc3");
  CAF_CHECK_EQUAL(plain("\xc3\xa4\xc3"), "\u00e4\\xc3");
  CAF_CHECK_EQUAL(plain(std::string_view{"\0", 1}), "\\x00");
}

CAF_TEST(errors go to standard error with the code that was given) {
  int code = 0;
  CAF_CHECK_EQUAL(written_to(STDERR_FILENO, [&] { code = complain(7, "no\nroom"); }), "[cafbus] error: no\\x0aroom\n");
  CAF_CHECK_EQUAL(code, 7);
}

CAF_TEST(what is printed is not escaped) {
  int code = -1;
  CAF_CHECK_EQUAL(written_to(STDOUT_FILENO, [&] { code = print("a\x1b\n", 3); }), "a\x1b\n");
  CAF_CHECK_EQUAL(code, 3);
}

CAF_TEST(a missing bus is told with a command that starts it) {
  CAF_CHECK_EQUAL(not_running_text("/run/user/1/cafbus/app", "/run/user/1/cafbus/app/bus.sock"),
                  "no bus is running at /run/user/1/cafbus/app/bus.sock; to start one: cafbus start "
                  "--dir /run/user/1/cafbus --app app (or, in the foreground, cafbus serve)");
  CAF_CHECK(not_running_text("/app", "/app/bus.sock").find("--dir / --app app") != std::string::npos);
  CAF_CHECK(not_running_text("/a b/app", "/a b/app/bus.sock").find("cafbus start --dir '/a b' --app app") !=
            std::string::npos);
}

CAF_TEST(the direction of a descriptor is known) {
  auto ends = make_pipe();
  CAF_REQUIRE(ends);
  CAF_CHECK(is_readable(ends->read.get()));
  CAF_CHECK(!is_writable(ends->read.get()));
  CAF_CHECK(is_writable(ends->write.get()));
  CAF_CHECK(!is_readable(ends->write.get()));
  CAF_CHECK(!is_readable(-1));
  CAF_CHECK(!is_writable(-1));
}

CAF_TEST(a write that does not work is told) {
  auto ends = make_pipe();
  CAF_REQUIRE(ends);
  CAF_CHECK(write_all(ends->write.get(), "all of it"));
  unique_fd read_only{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  CAF_CHECK(!write_all(read_only.get(), "x"));
  CAF_CHECK(write_all(read_only.get(), ""));
}
