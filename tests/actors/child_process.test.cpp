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
  auto result = child_process::start({command, {}, {}});
  if (!result)
    CAF_FAIL(result.error().text);
  return std::move(*result);
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
  CAF_CHECK_EQUAL(child.stop(patience, patience).text(), "exit status 0");
}

CAF_TEST(how it ended is said in words) {
  CAF_CHECK_EQUAL(started("exit 3").stop(patience, patience).text(), "exit status 3");
  CAF_CHECK_EQUAL(started("kill -9 $$").stop(patience, patience).text(), "killed by signal 9");
  CAF_CHECK_EQUAL(started("/nonexistent/command").stop(patience, patience).text(), "exit status 127");
}

CAF_TEST(standard input is empty) {
  auto child = started("cat; echo end");
  CAF_CHECK_EQUAL(read_all(child.output()), "end\n");
}

CAF_TEST(a stop without patience asks it to end) {
  auto child = started("echo ready; exec sleep 1000");
  CAF_CHECK_EQUAL(read_all(child.output(), "ready\n"), "ready\n");
  CAF_CHECK_EQUAL(child.stop(0ms, patience).text(), "killed by signal 15");
}

CAF_TEST(one that does not listen is killed) {
  auto child = started("trap '' TERM; echo ready; while :; do sleep 1000; done");
  read_all(child.output(), "ready\n");
  CAF_CHECK_EQUAL(child.stop(0ms, 1ms).text(), "killed by signal 9");
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
  CAF_CHECK_EQUAL(child.stop(patience, patience).text(), "exit status 0");
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

CAF_TEST(what it has started is counted and ends with it) {
  auto child = started("sleep 1000 & sleep 1000 & echo ready");
  read_all(child.output(), "ready\n");
  pollfd end{child.end(), POLLIN, 0};
  CAF_CHECK_EQUAL(::poll(&end, 1, 10'000), 1);
  CAF_CHECK(child.ended() && child.ended()->good());
  CAF_CHECK_EQUAL(child.others(), 2u);
  child.signal(SIGTERM);
  auto output = ::fcntl(child.output(), F_DUPFD_CLOEXEC, 0);
  CAF_CHECK_EQUAL(read_all(output), "");
  ::close(output);
}

CAF_TEST(variables beat those of the same name) {
  command_context context;
  context.environment = {"PATH=/bin:/usr/bin", "A=1", "B=2"};
  auto child = child_process::start({"echo $A $B; env | grep -c ^A=", context, {"A=3"}});
  CAF_CHECK_EQUAL(read_all(child->output()), "3 2\n1\n");
}

CAF_TEST(it gets neither our descriptors nor our signal mask) {
  int fd = ::fcntl(STDIN_FILENO, F_DUPFD, 200); // without close-on-exec, as one that we have inherited
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  auto child =
      started("test -e /proc/self/fd/" + std::to_string(fd) + " || echo closed; grep SigBlk /proc/self/status");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CAF_CHECK_EQUAL(read_all(child.output()), "closed\nSigBlk:\t0000000000000000\n");
  ::close(fd);
}
