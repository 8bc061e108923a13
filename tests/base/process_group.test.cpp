#include "base/process_group.hpp"

#include "base/pipe_ends.hpp"

#include <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

/// A process that sleeps, alone in a group of its own or with others in that of a leader.
class sleeper {
public:
  /// @param group 0: a new one, which it leads. @param name As /proc/PID/stat has it.
  explicit sleeper(pid_t group = 0, const char* name = "sleeper") : pid{fork_named(name)} { ::setpgid(pid, group); }
  sleeper(const sleeper&) = delete;
  sleeper& operator=(const sleeper&) = delete;
  ~sleeper() {
    kill();
    ::waitpid(pid, nullptr, 0);
  }

  /// Its entry in /proc stays until it is waited for.
  void kill() const {
    ::kill(pid, SIGKILL);
    siginfo_t info;
    ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  }

  const pid_t pid;

private:
  /// Returns when the child has its name.
  static pid_t fork_named(const char* name) {
    auto named = make_pipe();
    CAF_REQUIRE(named);
    auto result = ::fork();
    if (result == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL); // if the test ends early
      ::prctl(PR_SET_NAME, name);
      named->write.reset();
      ::pause();
      ::_exit(0);
    }
    named->write.reset();
    char byte = 0;
    CAF_REQUIRE_EQUAL(::read(named->read.get(), &byte, 1), 0);
    return result;
  }
};

} // namespace

CAF_TEST(a leader without others is alone) {
  sleeper leader;
  CAF_CHECK_EQUAL(others_in_group(leader.pid), 0u);
}

CAF_TEST(the members of a group are counted without its leader and those of other groups) {
  sleeper leader;
  sleeper first{leader.pid};
  sleeper second{leader.pid};
  sleeper stranger;
  CAF_CHECK_EQUAL(others_in_group(leader.pid), 2u);
  CAF_CHECK_EQUAL(others_in_group(stranger.pid), 0u);
}

CAF_TEST(a process that has ended does not count before it is waited for) {
  sleeper leader;
  sleeper first{leader.pid};
  sleeper second{leader.pid};
  first.kill();
  CAF_CHECK_EQUAL(others_in_group(leader.pid), 1u);
}

CAF_TEST(members outlive their leader) {
  sleeper leader;
  sleeper member{leader.pid};
  leader.kill();
  CAF_CHECK_EQUAL(others_in_group(leader.pid), 1u);
}

CAF_TEST(a name with blanks and brackets does not confuse the state with the name) {
  sleeper leader;
  sleeper member{leader.pid, "a) Z 1 1 ("};
  CAF_CHECK_EQUAL(others_in_group(leader.pid), 1u);
}
