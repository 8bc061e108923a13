#include "cli/progress_line.hpp"

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

/// A terminal: what is written to `inner` is seen at `outer`.
struct terminal {
  explicit terminal(unsigned short columns) : outer{::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)} {
    ::grantpt(outer.get());
    ::unlockpt(outer.get());
    inner.reset(::open(::ptsname(outer.get()), O_RDWR | O_NOCTTY));
    winsize size{24, columns, 0, 0};
    ::ioctl(inner.get(), TIOCSWINSZ, &size);
    termios modes{};
    ::tcgetattr(inner.get(), &modes);
    modes.c_oflag &= ~static_cast<tcflag_t>(OPOST); // bytes as they are written
    ::tcsetattr(inner.get(), TCSANOW, &modes);
  }

  /// All that was written before: it may take a while to the other end.
  std::string seen() const {
    constexpr char mark = '\x1a';
    CAF_REQUIRE_EQUAL(::write(inner.get(), &mark, 1), 1);
    std::string result;
    while (!result.ends_with(mark)) {
      pollfd watched{outer.get(), POLLIN, 0};
      CAF_REQUIRE_EQUAL(::poll(&watched, 1, 10'000), 1);
      std::array<char, 1'000> buffer;
      auto n = ::read(outer.get(), buffer.data(), buffer.size());
      CAF_REQUIRE(n > 0);
      result.append(buffer.data(), static_cast<size_t>(n));
    }
    result.pop_back();
    return result;
  }

  unique_fd outer;
  unique_fd inner;
};

} // namespace

CAF_TEST(a line is shown and leaves the cursor at its start) {
  terminal t{40};
  progress_line line{t.inner.get()};
  line.show("half");
  CAF_CHECK_EQUAL(t.seen(), "half\r");
}

CAF_TEST(a shorter line covers the longer one before it) {
  terminal t{40};
  progress_line line{t.inner.get()};
  line.show("longer");
  line.show("short");
  CAF_CHECK_EQUAL(t.seen(), "longer\rshort \r");
}

CAF_TEST(a line is erased once and at the end) {
  terminal t{40};
  {
    progress_line line{t.inner.get()};
    line.erase();
    CAF_CHECK_EQUAL(t.seen(), "");
    line.show("one");
    line.erase();
    line.erase();
    CAF_CHECK_EQUAL(t.seen(), "one\r   \r");
    line.show("four");
  }
  CAF_CHECK_EQUAL(t.seen(), "four\r    \r");
}

CAF_TEST(a line never reaches the last column) {
  terminal t{10};
  progress_line line{t.inner.get()};
  line.show("0123456789");
  CAF_CHECK_EQUAL(t.seen(), "012345678\r");
}

CAF_TEST(it is due after a second and then four times per second) {
  terminal t{40};
  auto begin = progress_line::clock::now();
  progress_line line{t.inner.get()};
  CAF_CHECK(!line.due(begin + 999ms));
  CAF_CHECK(line.due(progress_line::clock::now() + 1s));
  begin = progress_line::clock::now();
  line.show("now");
  CAF_CHECK(!line.due(begin + 249ms));
  CAF_CHECK(line.due(progress_line::clock::now() + 250ms));
}

CAF_TEST(a line that has not changed is not written again) {
  terminal t{40};
  progress_line line{t.inner.get()};
  line.show("same");
  line.show("same");
  CAF_CHECK_EQUAL(t.seen(), "same\r");
}

CAF_TEST(what is no terminal sees nothing) {
  int ends[2];
  CAF_REQUIRE_EQUAL(::pipe2(ends, O_NONBLOCK), 0);
  const unique_fd read_end{ends[0]};
  const unique_fd write_end{ends[1]};
  progress_line line{write_end.get()};
  CAF_CHECK(!line.due(progress_line::clock::now() + 1h));
  CAF_CHECK_EQUAL(line.wait_ms(), -1);
  line.show("text");
  line.erase();
  char c = 0;
  CAF_CHECK_EQUAL(::read(read_end.get(), &c, 1), -1);
}

CAF_TEST(progress names the share of the input where that is known) {
  CAF_CHECK_EQUAL(publish_progress(1'200, 3'400, 35), "[cafbus] published 1200 of 3400 lines read, 35 %");
  CAF_CHECK_EQUAL(publish_progress(0, 1, -1), "[cafbus] published 0 of 1 lines read");
}
