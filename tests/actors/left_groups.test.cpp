#include "actors/left_groups.hpp"

#include "base/deadline.hpp"
#include "tests/support/temp_dir.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 20s; // the longest that a test waits

struct fixture {
  test::temp_dir tmp;
  left_groups groups{1};

  /// What a shell has left that has ended.
  static child_process left_by(const std::string& command) {
    auto shell = child_process::start({command, {}, {}, false});
    if (!shell)
      CAF_FAIL(shell.error().text);
    CAF_REQUIRE(wait_for(shell->end(), POLLIN, deadline{patience}) > 0);
    return std::move(*shell);
  }

  std::string make_fifo(const std::string& name) const {
    CAF_REQUIRE_EQUAL(::mkfifo((tmp / name).c_str(), 0600), 0);
    return tmp / name;
  }

  static std::string content(const std::string& path) {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  /// Waits for the end of a process that is no child of ours.
  static bool ends(pid_t pid) {
    unique_fd process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    return !process || wait_for(process.get(), POLLIN, deadline{patience}) > 0;
  }

  static auto descriptors() { return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {}); }

  /// What poll() would be called with.
  std::pair<std::vector<pollfd>, left_groups::clock::time_point> awaited() const {
    std::vector<pollfd> fds;
    auto until = left_groups::clock::time_point::max();
    groups.await(fds, until);
    return {fds, until};
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(left_groups_tests, fixture)

CAF_TEST(a group costs one descriptor until nobody has its standard error) {
  auto before = descriptors();
  auto begin = make_fifo("begin");
  auto done = make_fifo("done");
  CAF_CHECK(groups.keep("a", left_by("(read line <" + begin + "; exec 2>&-; echo >" + done + "; exec sleep 1000) &")));
  CAF_CHECK_EQUAL(descriptors(), before + 1);
  std::ofstream{begin} << "go\n";
  CAF_CHECK_EQUAL(content(done), "\n");
  groups.skip();
  CAF_CHECK_EQUAL(descriptors(), before);
  auto group = groups.take("a");
  CAF_REQUIRE(group);
  CAF_CHECK_EQUAL(group->others(), 1u);
}

CAF_TEST(a group is given up once) {
  CAF_CHECK(groups.keep("a", left_by("sleep 1000 &")));
  CAF_CHECK(!groups.take("b"));
  CAF_CHECK(groups.take("a"));
  CAF_CHECK(!groups.take("a"));
}

CAF_TEST(one group too many is ended and one without standard error is none) {
  CAF_CHECK(groups.keep("a", left_by("sleep 1000 &")));
  CAF_CHECK(!groups.keep("b", left_by("sleep 1000 & echo $! >" + (tmp / "pid"))));
  CAF_CHECK(ends(std::stoi(content(tmp / "pid"))));
  CAF_CHECK(!groups.take("b"));
  CAF_CHECK(groups.keep("c", left_by("exec 2>/dev/null; sleep 1000 &")));
  CAF_CHECK(groups.keep("a", left_by("sleep 1000 &")));
  CAF_CHECK(!groups.keep("b", left_by("sleep 1000 &")));
}

CAF_TEST(a group writes more than its pipe holds) {
  auto done = make_fifo("done");
  unique_fd end{::open(done.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  CAF_CHECK(groups.keep("a", left_by("(head -c 200000 /dev/zero >&2; echo >" + done + "; exec sleep 1000) &")));
  deadline limit{patience};
  pollfd ended{end.get(), POLLIN, 0};
  while (ended.revents == 0 && !limit.is_over()) {
    auto [fds, until] = awaited();
    fds.push_back(ended);
    ::poll(fds.data(), fds.size(), std::min(poll_ms(until - left_groups::clock::now()), limit.left_ms()));
    ended.revents = fds.back().revents;
    if (fds.size() > 1)
      groups.skip();
  }
  CAF_CHECK(ended.revents != 0);
}

CAF_TEST(what is written is left alone for a while after a look) {
  CAF_CHECK(groups.keep("a", left_by("yes >&2 & :")));
  CAF_CHECK_EQUAL(awaited().first.size(), 1u);
  CAF_CHECK(awaited().second == left_groups::clock::time_point::max());
  deadline limit{patience};
  auto rests = [&] { // unless this thread was kept from running for longer than that
    groups.skip();
    auto [fds, until] = awaited();
    return fds.empty() && until < left_groups::clock::now() + 1s;
  };
  auto seen = rests();
  while (!seen && !limit.is_over())
    seen = rests();
  CAF_CHECK(seen);
}

CAF_TEST(all are asked to end before they are killed) {
  left_groups both{2};
  auto begun = make_fifo("begun");
  auto ready = "echo >" + begun + "; while :; do sleep 0.01; done) &";
  CAF_CHECK(both.keep("polite", left_by("(trap 'echo bye >" + (tmp / "said") + "; exit' TERM; " + ready)));
  CAF_CHECK_EQUAL(content(begun), "\n");
  CAF_CHECK(both.keep("stubborn", left_by("(trap '' TERM; " + ready)));
  CAF_CHECK_EQUAL(content(begun), "\n");
  both.end();
  CAF_CHECK_EQUAL(content(tmp / "said"), "bye\n");
  CAF_CHECK(!both.take("stubborn"));
}

CAF_TEST_FIXTURE_SCOPE_END()
