#include "actors/child_process.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 10s; // the longest that a test waits

child_process started(const std::string& command) {
  auto result = child_process::start(command);
  if (auto* error = std::get_if<std::string>(&result))
    CAF_FAIL(*error);
  return std::move(std::get<child_process>(result));
}

/// Everything up to the end, or `until` that text is there.
std::string read_all(int fd, const std::string& until = {}) {
  std::string result;
  char buffer[4096];
  pollfd ready{fd, POLLIN, 0};
  while (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds{patience}.count())) > 0) {
    auto n = ::read(fd, buffer, sizeof(buffer));
    if (n <= 0)
      break;
    result.append(buffer, static_cast<size_t>(n));
    if (!until.empty() && result.find(until) != std::string::npos)
      break;
  }
  return result;
}

} // namespace

CAF_TEST(standard output and standard error come apart) {
  auto child = started("echo out; echo err >&2");
  CAF_CHECK_EQUAL(read_all(child.output()), "out\n");
  CAF_CHECK_EQUAL(read_all(child.errors()), "err\n");
  CAF_CHECK_EQUAL(child.stop(patience, patience), "exit status 0");
}

CAF_TEST(how it ended is said in words) {
  CAF_CHECK_EQUAL(started("exit 3").stop(patience, patience), "exit status 3");
  CAF_CHECK_EQUAL(started("kill -9 $$").stop(patience, patience), "killed by signal 9");
  CAF_CHECK_EQUAL(started("/nonexistent/command").stop(patience, patience), "exit status 127");
}

CAF_TEST(standard input is empty) {
  auto child = started("cat; echo end");
  CAF_CHECK_EQUAL(read_all(child.output()), "end\n");
}

CAF_TEST(a stop without patience sends SIGTERM) {
  auto child = started("echo ready; exec sleep 1000");
  CAF_CHECK_EQUAL(read_all(child.output(), "ready\n"), "ready\n");
  CAF_CHECK_EQUAL(child.stop(0ms, patience), "killed by signal 15");
}

CAF_TEST(one that ignores SIGTERM is killed) {
  auto child = started("trap '' TERM; echo ready; while :; do sleep 1000; done");
  read_all(child.output(), "ready\n");
  CAF_CHECK_EQUAL(child.stop(0ms, 1ms), "killed by signal 9");
}

CAF_TEST(its own children end with it) {
  auto child = started("sleep 1000 & echo $!; exec sleep 1000");
  auto output = ::fcntl(child.output(), F_DUPFD_CLOEXEC, 0);
  CAF_CHECK(std::stoi(read_all(output, "\n")) > 0);
  child.stop(0ms, patience);
  // both sleepers hold the pipe: its end means that they are gone
  CAF_CHECK_EQUAL(read_all(output), "");
  char byte = 0;
  CAF_CHECK_EQUAL(::read(output, &byte, 1), 0);
  ::close(output);
}

CAF_TEST(a grandchild that outlives the shell ends with it as well) {
  auto child = started("sleep 1000 & echo ready");
  read_all(child.output(), "ready\n");
  auto output = ::fcntl(child.output(), F_DUPFD_CLOEXEC, 0);
  CAF_CHECK_EQUAL(child.stop(patience, patience), "exit status 0");
  CAF_CHECK_EQUAL(read_all(output), "");
  ::close(output);
}

CAF_TEST(the destructor ends it) {
  int output = -1;
  {
    auto child = started("echo ready; exec sleep 1000");
    read_all(child.output(), "ready\n");
    output = ::fcntl(child.output(), F_DUPFD_CLOEXEC, 0);
  }
  CAF_CHECK_EQUAL(read_all(output), "");
  ::close(output);
}

CAF_TEST(nothing of the parent is inherited but the three streams) {
  int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  auto child = started("ls /proc/self/fd | wc -l; grep -c . /dev/null; grep SigBlk /proc/self/status");
  auto text = read_all(child.output());
  CAF_CHECK(text.starts_with("4\n")); // the fourth is that of ls itself
  CAF_CHECK(text.find("0000000000000000") != std::string::npos);
  ::close(fd);
}
