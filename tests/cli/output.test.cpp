#include "cli/output.hpp"

#include "base/pipe_ends.hpp"
#include "support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

/// Standard output is something else while the testee is made.
struct fixture {
  unique_fd reader;
  std::optional<output> testee;

  fixture() { ::signal(SIGPIPE, SIG_IGN); }

  void open(int standard_output) {
    unique_fd before{::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)};
    ::dup2(standard_output, STDOUT_FILENO);
    testee.emplace();
    ::dup2(before.get(), STDOUT_FILENO);
  }

  void open_pipe() {
    auto ends = make_pipe();
    CAF_REQUIRE(ends);
    open(ends->write.get());
    reader = std::move(ends->read);
  }

  void open_socket() {
    int ends[2];
    CAF_REQUIRE_EQUAL(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    reader.reset(ends[0]);
    unique_fd other{ends[1]};
    open(other.get());
  }

  void add_event(const std::string& text) {
    testee->waiting() += text + '\n';
    testee->end_event();
  }

  std::string read() const {
    std::string result(1 << 20, '\0');
    auto n = ::read(reader.get(), result.data(), result.size());
    result.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return result;
  }

  /// Adds lines until something has to wait, and reads until nothing does.
  void check_that_nothing_blocks() {
    const std::string line(999, 'x');
    size_t lines = 0;
    while (testee->pending() == 0) {
      add_event(line);
      ++lines;
      CAF_REQUIRE(testee->flush() == output::state::good);
    }
    CAF_CHECK_EQUAL(testee->pending_events(), 1u);
    size_t size = 0;
    while (size < lines * 1'000) {
      size += read().size();
      CAF_REQUIRE(testee->flush() == output::state::good);
    }
    CAF_CHECK_EQUAL(size, lines * 1'000);
    CAF_CHECK_EQUAL(testee->pending(), 0u);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(output_tests, fixture)

CAF_TEST(many events leave in one write) {
  open_pipe();
  add_event("one");
  add_event("two");
  CAF_CHECK_EQUAL(testee->pending(), 8u);
  CAF_CHECK(testee->flush() == output::state::good);
  CAF_CHECK_EQUAL(read(), "one\ntwo\n");
}

CAF_TEST(a pipe that is full is waited for) {
  open_pipe();
  check_that_nothing_blocks();
}

CAF_TEST(a socket that is full is waited for) {
  open_socket();
  check_that_nothing_blocks();
}

CAF_TEST(notes are no events) {
  open_pipe();
  add_event("event");
  testee->waiting() += "note\n";
  add_event("event");
  CAF_CHECK_EQUAL(testee->pending_events(), 2u);
  CAF_CHECK(testee->flush() == output::state::good);
  CAF_CHECK_EQUAL(testee->pending_events(), 0u);
  CAF_CHECK_EQUAL(read(), "event\nnote\nevent\n");
}

CAF_TEST(an event may have many lines) {
  open_pipe();
  add_event("one\ntwo\n");
  add_event("");
  CAF_CHECK_EQUAL(testee->pending_events(), 2u);
  CAF_CHECK(testee->flush() == output::state::good);
  CAF_CHECK_EQUAL(testee->pending_events(), 0u);
}

CAF_TEST(a reader that has gone is no error of ours) {
  for (auto open_it : {&fixture::open_pipe, &fixture::open_socket}) {
    (this->*open_it)();
    reader.reset();
    add_event("x");
    CAF_CHECK(testee->flush() == output::state::closed);
    CAF_CHECK_EQUAL(testee->pending_events(), 1u);
  }
}

CAF_TEST(a disk that is full is an error with its number) {
  unique_fd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  open(full.get());
  add_event("x");
  CAF_CHECK(testee->flush() == output::state::failed);
  CAF_CHECK_EQUAL(testee->error(), ENOSPC);
}

CAF_TEST(a file is written on where it was) {
  test::temp_dir tmp;
  unique_fd file{::open((tmp / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  CAF_REQUIRE_EQUAL(::write(file.get(), "before\n", 7), 7);
  open(file.get());
  add_event("x");
  CAF_CHECK(testee->flush() == output::state::good);
  std::ifstream in{tmp / "out"};
  CAF_CHECK_EQUAL((std::string{std::istreambuf_iterator<char>{in}, {}}), "before\nx\n");
}

CAF_TEST(the descriptor that others share still blocks) {
  auto ends = make_pipe();
  CAF_REQUIRE(ends);
  open(ends->write.get());
  CAF_CHECK(::fcntl(testee->fd(), F_GETFL) & O_NONBLOCK);
  CAF_CHECK(!(::fcntl(ends->write.get(), F_GETFL) & O_NONBLOCK));
}

CAF_TEST_FIXTURE_SCOPE_END()
