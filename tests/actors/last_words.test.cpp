#include "actors/last_words.hpp"

#include "base/pipe_ends.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

struct fixture {
  fixture() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
      CAF_FAIL("no pipe");
    out.reset(ends[0]);
    in.reset(ends[1]);
  }

  /// What is left of `text`, which may come in several pieces.
  std::string after(std::string_view text) {
    CAF_CHECK_EQUAL(::write(in.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    CAF_CHECK(words.read(out.get()));
    return words.text();
  }

  unique_fd in;
  unique_fd out;
  last_words words;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(last_words_tests, fixture)

CAF_TEST(the last line is kept and blank lines are none) {
  CAF_CHECK_EQUAL(after("first\nlast\n\n"), "last");
}

CAF_TEST(a line without an end counts) {
  CAF_CHECK_EQUAL(after("first\nla"), "la");
  CAF_CHECK_EQUAL(after("st"), "last");
}

CAF_TEST(a long line is cut) {
  CAF_CHECK_EQUAL(after(std::string(5'000, 'x')), std::string(200, 'x'));
  CAF_CHECK_EQUAL(after("\nshort"), "short");
}

CAF_TEST(an open pipe without more is not the end) {
  CAF_CHECK(words.read(out.get()));
  in.reset();
  CAF_CHECK(!words.read(out.get()));
}

CAF_TEST(one look takes what a pipe holds and leaves the rest of a larger one) {
  constexpr int rest = 3 * pipe_bytes;
  CAF_REQUIRE(::fcntl(in.get(), F_SETPIPE_SZ, 4 * pipe_bytes) > 0);
  auto text = std::string(pipe_bytes - 5, 'x') + "\nlast" + std::string(rest, 'y');
  CAF_CHECK_EQUAL(after(text), "last");
  int left = 0;
  CAF_REQUIRE_EQUAL(::ioctl(out.get(), FIONREAD, &left), 0);
  CAF_CHECK_EQUAL(left, rest);
}

CAF_TEST_FIXTURE_SCOPE_END()
