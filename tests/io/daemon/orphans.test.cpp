#include "io/daemon/orphans.hpp"

#include "base/spawn.hpp"
#include "support/temp_dir.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using cafbus::test::temp_dir;

namespace {

/// A command of a daemon; the daemon never says that it has ended, as one that is killed.
class command {
public:
  explicit command(std::string variable, std::string script = "exec sleep 1000") {
    std::vector<std::string> words{"sh", "-c", std::move(script)};
    std::vector<std::string> variables{std::move(variable), "PATH=/usr/bin:/bin"};
    auto arguments = as_pointers(words);
    auto environment = as_pointers(variables);
    spawn_request request;
    request.program = "/bin/sh";
    request.arguments = arguments.data();
    request.environment = environment.data();
    auto started = spawn(request);
    if (!started)
      CAF_FAIL(started.error().text);
    child_ = std::move(*started);
  }
  command(const command&) = delete;
  command& operator=(const command&) = delete;
  ~command() {
    ::kill(child_.pid, SIGKILL);
    ::waitpid(child_.pid, nullptr, 0);
  }

  bool has_ended() const {
    pollfd item{child_.end.get(), POLLIN, 0};
    return ::poll(&item, 1, 0) == 1;
  }

private:
  child child_;
};

struct fixture {
  temp_dir tmp;
  std::string path = tmp / "mark";

  /// A command that has come so far: while a process replaces its program, its environment cannot be read.
  std::unique_ptr<command> begin(const orphan_mark& mark, const std::string& first) const {
    CAF_REQUIRE_EQUAL(::mkfifo((tmp / "begun").c_str(), 0600), 0);
    auto result =
        std::make_unique<command>(mark.variable(), first + "echo >" + (tmp / "begun") + "; while :; do sleep 1; done");
    std::ifstream begun{tmp / "begun"};
    std::string line;
    std::getline(begun, line);
    return result;
  }

  std::string content() const {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(orphans_tests, fixture)

CAF_TEST(each daemon has another mark which stands in a file of its own) {
  orphan_mark first{path};
  orphan_mark second{tmp / "other"};
  CAF_CHECK_EQUAL(first.variable().size(), std::string{"CAFBUS_DAEMON="}.size() + 32);
  CAF_CHECK(first.variable() != second.variable());
  CAF_CHECK_EQUAL("CAFBUS_DAEMON=" + content(), first.variable() + ' ' + std::to_string(::getsid(0)) + '\n');
  struct stat info {};
  CAF_REQUIRE_EQUAL(::stat(path.c_str(), &info), 0);
  CAF_CHECK_EQUAL(info.st_mode & 0777, 0600u);
}

CAF_TEST(the next daemon ends what a killed one has left) {
  orphan_mark killed{path};
  auto orphan = begin(killed, "");
  orphan_mark next{path};
  CAF_CHECK(orphan->has_ended());
  CAF_CHECK(next.variable() != killed.variable());
}

CAF_TEST(an orphan that ignores the polite signal is killed) {
  orphan_mark killed{path};
  auto orphan = begin(killed, "trap '' TERM; ");
  orphan_mark next{path};
  CAF_CHECK(orphan->has_ended());
}

CAF_TEST(a process without the mark is let alone) {
  orphan_mark killed{path};
  command stranger{"CAFBUS_DAEMON=0123456789abcdef0123456789abcdef"};
  command longer{killed.variable() + '0'};
  command named{"X" + killed.variable()};
  orphan_mark next{path};
  CAF_CHECK(!stranger.has_ended());
  CAF_CHECK(!longer.has_ended());
  CAF_CHECK(!named.has_ended());
}

CAF_TEST(a process that has made itself a session of its own is let alone) {
  orphan_mark killed{path};
  CAF_REQUIRE_EQUAL(::mkfifo((tmp / "begun").c_str(), 0600), 0);
  // the leader of a group cannot leave its session: a child does
  command leaves{killed.variable(), "setsid sh -c 'echo $$ >" + (tmp / "begun") + "; exec sleep 1000' & wait"};
  std::ifstream begun{tmp / "begun"};
  pid_t pid = 0;
  begun >> pid;
  CAF_REQUIRE(pid > 0);
  orphan_mark next{path};
  CAF_CHECK(leaves.has_ended());
  CAF_CHECK_EQUAL(::kill(pid, SIGKILL), 0); // it was there
}

CAF_TEST(a daemon that has removed its mark has left nothing) {
  orphan_mark earlier{path};
  command kept{earlier.variable()};
  earlier.remove();
  CAF_CHECK(content().empty());
  orphan_mark next{path};
  CAF_CHECK(!kept.has_ended());
}

CAF_TEST(a file that is no mark is replaced) {
  std::ofstream{path} << "nonsense\n";
  orphan_mark testee{path};
  CAF_CHECK_EQUAL(content().find(testee.variable().substr(14)), 0u);
}

CAF_TEST(where no file can be written there is no mark) {
  orphan_mark testee{tmp / "nowhere/mark"};
  CAF_CHECK(testee.variable().empty());
  CAF_CHECK(orphan_mark{}.variable().empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
