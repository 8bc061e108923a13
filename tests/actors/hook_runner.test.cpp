// The real hooks, with processes; what a cleanup lock does with them is in hooks.test.cpp.
#include "actors/hook_runner.hpp"

#include "base/unique_fd.hpp"
#include "tests/support/temp_dir.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

struct config : caf::actor_system_config {
  config() { set("scheduler.policy", caf::atom("sharing")); }
};

struct fixture {
  test::temp_dir tmp;
  config options;
  caf::actor_system system{options};
  caf::scoped_actor self{system};
  cleanup_lock_actor coordinator = caf::actor_cast<cleanup_lock_actor>(self.ptr());
  command_defaults usual;
  size_t most_left = 16;
  hook_launcher launch;
  uint64_t last_ticket = 0;

  hook_cancel start(const std::string& command, hook_kind hook = hook_kind::on_first, command_context context = {}) {
    if (!launch)
      launch = process_hooks(system, "app", usual, most_left);
    return launch({"id", ++last_ticket, hook, command, std::move(context)}, coordinator);
  }

  hook_done ended() {
    hook_done result;
    self->receive([&](const hook_done& x) { result = x; }, caf::after(20s) >> [] { CAF_FAIL("a hook has not ended"); });
    return result;
  }

  hook_done run(const std::string& command, hook_kind hook = hook_kind::on_first, command_context context = {}) {
    start(command, hook, std::move(context));
    return ended();
  }

  /// Named pipes hold a hook until the test lets it go on, and the test until the hook has got there.
  std::string make_fifo(const std::string& name) const {
    CAF_REQUIRE_EQUAL(::mkfifo((tmp / name).c_str(), 0600), 0);
    return tmp / name;
  }

  /// Waits for the end of a process that is no child of ours.
  static bool ends(pid_t pid) {
    unique_fd process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    pollfd item{process.get(), POLLIN, 0};
    return !process || ::poll(&item, 1, 20'000) == 1;
  }

  static std::string content(const std::string& path) {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
};

} // namespace

CAF_TEST(a consumer that says nothing leaves everything to the bus) {
  CAF_CHECK(context_of({}) == command_context{});
}

CAF_TEST(what a consumer says about its hooks becomes their context) {
  auto x = context_of({.on_first = "a", .on_last = "b", .env = {{"A", "1"}, {"B", "x=y"}}, .dir = "/d", .umask = 027});
  CAF_REQUIRE(x.environment);
  CAF_CHECK_EQUAL(*x.environment, (std::vector<std::string>{"A=1", "B=x=y"}));
  CAF_CHECK_EQUAL(x.folder, "/d");
  CAF_REQUIRE(x.umask);
  CAF_CHECK_EQUAL(*x.umask, 027u);
}

CAF_TEST(an umask of zero is one) {
  hook_commands said;
  said.umask = 0;
  CAF_CHECK(context_of(said).umask == mode_t{0});
}

CAF_TEST_FIXTURE_SCOPE(hook_runner_tests, fixture)

CAF_TEST(a hook that works is told with its ticket and its id) {
  auto x = run("exit 0");
  CAF_CHECK(x.ok);
  CAF_CHECK_EQUAL(x.ticket, last_ticket);
  CAF_CHECK_EQUAL(x.subscription_id, "id");
  CAF_CHECK_EQUAL(x.detail, "exit status 0");
  CAF_CHECK_EQUAL(x.left_processes, 0u);
}

CAF_TEST(a hook that fails is told with its last line) {
  auto x = run("echo one >&2; echo two >&2; exit 3");
  CAF_CHECK(!x.ok);
  CAF_CHECK_EQUAL(x.detail, "exit status 3; two");
}

CAF_TEST(a hook finds its app and its id beside the environment of the daemon) {
  usual.variables = {"CAFBUS_DAEMON=mark"};
  CAF_CHECK_EQUAL(run("echo $CAFBUS_APP $CAFBUS_SUBSCRIPTION_ID $CAFBUS_DAEMON >&2").detail,
                  "exit status 0; app id mark");
}

CAF_TEST(what a consumer has said beats what holds otherwise part by part) {
  usual.usual = {std::vector<std::string>{"WHOSE=bus"}, tmp.path(), mode_t{077}};
  CAF_CHECK_EQUAL(run("echo $WHOSE $PWD $(umask) >&2").detail, "exit status 0; bus " + tmp.path() + " 0077");
  command_context own;
  own.environment = {"WHOSE=mine"};
  own.umask = mode_t{027};
  CAF_CHECK_EQUAL(run("echo $WHOSE $PWD $(umask) >&2", hook_kind::on_first, own).detail,
                  "exit status 0; mine " + tmp.path() + " 0027");
}

CAF_TEST(hooks run at the same time) {
  auto gate = make_fifo("gate");
  start("read line <" + gate);
  start("echo go >" + gate); // ends only if the first one reads meanwhile
  CAF_CHECK(ended().ok);
  CAF_CHECK(ended().ok);
}

CAF_TEST(a hook that writes errors without end holds up no other and can be cancelled) {
  auto cancel = start("for i in 1 2 3 4; do yes >&2 & done; echo >" + make_fifo("begun") + "; wait");
  CAF_CHECK_EQUAL(content(tmp / "begun"), "\n");
  CAF_CHECK_EQUAL(run("exit 0").detail, "exit status 0");
  cancel(10ms);
  CAF_CHECK(ended().detail.starts_with("stopped, "));
}

CAF_TEST(a hook ends with its shell though a process in a session of its own writes errors without end) {
  make_fifo("begun");
  auto writer = "setsid sh -c 'for i in 1 2 3 4; do yes >&2 & done; echo >" + (tmp / "begun") + "'";
  CAF_CHECK(run(writer + " & read line <" + (tmp / "begun")).ok);
}

CAF_TEST(a hook that is cancelled ends though it ignores the polite signal) {
  auto cancel = start("trap '' TERM; echo >" + make_fifo("begun") + "; while :; do sleep 1; done");
  CAF_CHECK_EQUAL(content(tmp / "begun"), "\n");
  cancel(10ms);
  auto x = ended();
  CAF_CHECK(!x.ok);
  CAF_CHECK_EQUAL(x.detail, "stopped, killed by signal 9");
}

CAF_TEST(a hook that ends well after it was cancelled has not worked) {
  auto cancel = start("trap 'exit 0' TERM; echo >" + make_fifo("begun") + "; while :; do sleep 0.01; done");
  CAF_CHECK_EQUAL(content(tmp / "begun"), "\n");
  cancel(20s);
  auto x = ended();
  CAF_CHECK(!x.ok);
  CAF_CHECK(x.detail.starts_with("stopped, exit status 0")); // the shell may tell of its sleep
}

CAF_TEST(an on_last without a command ends what its on_first has left) {
  auto left = run("sleep 1000 >/dev/null 2>&1 & echo $! >&2");
  CAF_CHECK(left.ok);
  CAF_CHECK_EQUAL(left.left_processes, 1u);
  auto pid = std::stoi(left.detail.substr(left.detail.find(';') + 1));
  CAF_CHECK_EQUAL(::kill(pid, 0), 0);
  auto x = run("", hook_kind::on_last);
  CAF_CHECK(x.ok);
  CAF_CHECK_EQUAL(x.detail, "nothing to run");
  CAF_CHECK(ends(pid));
}

CAF_TEST(what an on_first has left writes more errors than its pipe holds) {
  auto done = make_fifo("done");
  CAF_CHECK(run("(head -c 200000 /dev/zero >&2; echo >" + done + "; sleep 1000) &").left_processes > 0);
  CAF_CHECK_EQUAL(content(done), "\n");
}

CAF_TEST(an on_first that leaves more than there are descriptors for fails with the way out) {
  most_left = 0;
  auto x = run("sleep 1000 & echo $! >" + (tmp / "pid"));
  CAF_CHECK(!x.ok);
  CAF_CHECK_EQUAL(x.left_processes, 0u);
  CAF_CHECK(x.detail.starts_with("exit status 0; it has left processes with its standard error"));
  CAF_CHECK(x.detail.find("2>/dev/null") != std::string::npos);
  CAF_CHECK(ends(std::stoi(content(tmp / "pid"))));
  CAF_CHECK(run("exec 2>/dev/null; sleep 1000 &").ok);
}

CAF_TEST(what a hook that failed has started ends with it) {
  auto x = run("sleep 1000 >/dev/null 2>&1 & echo $! >&2; exit 1");
  CAF_CHECK_EQUAL(x.left_processes, 0u);
  CAF_CHECK(ends(std::stoi(x.detail.substr(x.detail.find(';') + 1))));
}

CAF_TEST_FIXTURE_SCOPE_END()
