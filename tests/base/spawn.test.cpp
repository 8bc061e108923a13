#include "base/spawn.hpp"

#include "base/pipe_ends.hpp"
#include "base/process_group.hpp"

#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

/// Runs a shell script to its end. @returns what it has written to its standard output.
std::string output_of(const std::string& script, spawn_request request = {}) {
  auto ends = make_pipe();
  std::vector<std::string> words{"sh", "-c", script};
  auto arguments = as_pointers(words);
  request.program = "/bin/sh";
  request.arguments = arguments.data();
  request.environment = environ;
  request.output = ends->write.get();
  auto started = spawn(request);
  if (!started)
    CAF_FAIL(started.error().text);
  ends->write.reset();
  std::string result;
  char buffer[4096];
  for (ssize_t n = 1; (n = ::read(ends->read.get(), buffer, sizeof(buffer))) > 0;)
    result.append(buffer, static_cast<size_t>(n));
  pollfd end{started->end.get(), POLLIN, 0};
  CAF_CHECK_EQUAL(::poll(&end, 1, 20'000), 1);
  ::waitpid(started->pid, nullptr, 0);
  return result;
}

result<child> start(const char* program) {
  std::vector<std::string> words{program};
  auto arguments = as_pointers(words);
  spawn_request request;
  request.program = program;
  request.arguments = arguments.data();
  request.environment = environ;
  return spawn(request);
}

} // namespace

CAF_TEST(a program that cannot be run is a failure and leaves nothing) {
  auto x = start("/nonexistent/program");
  CAF_REQUIRE(!x);
  CAF_CHECK(x.error().kind == failure_kind::not_found);
  CAF_CHECK(x.error().text.find("/nonexistent/program") != std::string::npos);
  CAF_CHECK_EQUAL(::waitpid(-1, nullptr, WNOHANG), -1);
}

CAF_TEST(a name is looked for in PATH) {
  auto x = start("true");
  CAF_REQUIRE(x);
  int status = -1;
  ::waitpid(x->pid, &status, 0);
  CAF_CHECK_EQUAL(describe_end(status), "exit status 0");
}

CAF_TEST(without a descriptor nothing is started) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none{0, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  auto x = start("/bin/true");
  ::setrlimit(RLIMIT_NOFILE, &before);
  CAF_REQUIRE(!x);
  CAF_CHECK(x.error().kind == failure_kind::unavailable);
  CAF_CHECK_EQUAL(::waitpid(-1, nullptr, WNOHANG), -1);
}

CAF_TEST(it runs in its folder with its umask and in a group of its own) {
  spawn_request request;
  request.folder = "/";
  request.umask = 027;
  CAF_CHECK_EQUAL(output_of("pwd; umask; test $$ = $(ps -o pgid= -p $$) && echo leads", request), "/\n0027\nleads\n");
}

CAF_TEST(a folder that is not there is named) {
  std::vector<std::string> words{"true"};
  auto arguments = as_pointers(words);
  spawn_request request;
  request.program = "true";
  request.arguments = arguments.data();
  request.environment = environ;
  request.folder = "/nonexistent/folder";
  auto x = spawn(request);
  CAF_REQUIRE(!x);
  CAF_CHECK(x.error().text.find("/nonexistent/folder") != std::string::npos);
}

CAF_TEST(descriptors that we have inherited do not reach it) {
  int fd = ::fcntl(STDIN_FILENO, F_DUPFD, 100); // without close-on-exec
  CAF_CHECK_EQUAL(output_of("test -e /proc/$$/fd/" + std::to_string(fd) + " || echo closed"), "closed\n");
  ::close(fd);
}

CAF_TEST(a signal that is ignored stays ignored unless it is ours to ignore) {
  auto hang_up = ::signal(SIGHUP, SIG_IGN);
  auto pipe = ::signal(SIGPIPE, SIG_IGN);
  auto ignored = std::stoull(output_of("grep SigIgn /proc/$$/status | cut -f2"), nullptr, 16);
  ::signal(SIGHUP, hang_up);
  ::signal(SIGPIPE, pipe);
  auto has = [&](int signal) { return (ignored >> (signal - 1) & 1) == 1; };
  CAF_CHECK(has(SIGHUP));
  CAF_CHECK(!has(SIGPIPE));
  CAF_CHECK(has(SIGTTIN));
  CAF_CHECK(!has(SIGTERM));
}

CAF_TEST(variables of a context replace ours and given ones beat both) {
  command_context context;
  context.environment = {"A=1", "B=2"};
  CAF_CHECK_EQUAL(make_environment(context, {"B=3"}), (std::vector<std::string>{"B=3", "A=1"}));
  CAF_CHECK(make_environment({}, {"B=3"}).size() > 1);
}

CAF_TEST(an end is told in words) {
  CAF_CHECK_EQUAL(describe_end(W_EXITCODE(3, 0)), "exit status 3");
  CAF_CHECK_EQUAL(describe_end(W_EXITCODE(0, SIGKILL)), "killed by signal 9");
}
