// Hooks while memory runs out; what they do otherwise is in hook_runner.test.cpp.
#include "actors/hook_thread.hpp"

#include "base/deadline.hpp"
#include "support/failing_memory.hpp"
#include "tests/support/temp_dir.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <fstream>
#include <functional>
#include <sys/syscall.h>
#include <thread>
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
  std::shared_ptr<hook_orders> orders = std::make_shared<hook_orders>(*wakeup::make());
  std::thread thread{[testee = std::make_shared<hook_thread>(orders, few_variables(), 1)] {
    test::failing_memory::may_fail_here();
    testee->run();
  }};
  uint64_t last_ticket = 0;

  ~fixture() {
    orders->close();
    thread.join();
  }

  /// Each would be an allocation.
  static command_defaults few_variables() { return {{std::vector<std::string>{"PATH=/usr/bin:/bin"}, "", {}}, {}}; }

  hook_done run(const std::string& command, hook_kind hook) {
    orders->add({"id", ++last_ticket, hook, command, {}}, coordinator);
    hook_done result;
    self->receive([&](const hook_done& x) { result = x; }, caf::after(20s) >> [] { CAF_FAIL("a hook has no answer"); });
    CAF_CHECK_EQUAL(result.ticket, last_ticket);
    CAF_CHECK_EQUAL(result.subscription_id, "id");
    return result;
  }

  static bool has_worked_or_had_no_memory(const hook_done& x) {
    return x.ok ? x.detail == "exit status 0; done" || x.detail == "nothing to run"
                : x.detail == "there is not enough memory" && x.left_processes == 0;
  }

  /// Calls `body` with each allocation of the thread failing in turn, alone and with those after it.
  static void with_each_failure(const std::function<void()>& body) {
    for (int count : {1, 3}) {
      auto failed = true;
      int first = 0;
      while (failed) {
        test::failing_memory failing{++first, count};
        body();
        failed = failing.has_failed();
      }
      CAF_CHECK_GREATER(first, 5); // the failures were where they belong
    }
  }

  /// Waits for the end of a process that is no child of ours.
  static bool ends(pid_t pid) {
    unique_fd process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    return !process || wait_for(process.get(), POLLIN, deadline{20s}) > 0;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(hook_thread_tests, fixture)

CAF_TEST(a hook is answered whichever allocation fails and later ones work) {
  with_each_failure([this] { CAF_CHECK(has_worked_or_had_no_memory(run("echo done >&2", hook_kind::on_first))); });
  CAF_CHECK(run("echo done >&2", hook_kind::on_first).ok);
}

CAF_TEST(what an on_first leaves ends with its on_last whichever allocation fails) {
  auto pid = tmp / "pid";
  auto on_first = "sleep 1000 & echo $! >" + pid + "; echo done >&2";
  with_each_failure([&] {
    std::filesystem::remove(pid);
    CAF_CHECK(has_worked_or_had_no_memory(run(on_first, hook_kind::on_first)));
    CAF_CHECK(has_worked_or_had_no_memory(run("", hook_kind::on_last)));
    int number = 0;
    if (std::ifstream in{pid}; in >> number)
      CAF_CHECK(ends(number));
  });
}

CAF_TEST_FIXTURE_SCOPE_END()
