#include "io/daemon/instance_lock.hpp"

#include "support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using cafbus::test::temp_dir;
using namespace std::chrono_literals;

namespace {

app_paths paths_in(const temp_dir& tmp) {
  auto paths = *find_app_paths(tmp.path(), "a");
  CAF_REQUIRE(prepare_app_dir(paths));
  return paths;
}

/// Runs `body` in a process of its own, which stays until this object ends.
class other_process {
public:
  template <class Body>
  explicit other_process(Body body) {
    int begun[2];
    int over[2];
    CAF_REQUIRE(::pipe2(begun, O_CLOEXEC) == 0 && ::pipe2(over, O_CLOEXEC) == 0);
    unique_fd read_end{begun[0]}, write_end{begun[1]}, over_end{over[0]};
    end_.reset(over[1]);
    pid = ::fork();
    if (pid == 0) {
      end_.reset();
      [[maybe_unused]] auto kept = body();
      char byte = 0;
      [[maybe_unused]] auto n = ::write(begun[1], &byte, 1);
      n = ::read(over[0], &byte, 1); // until the test ends or lets go
      ::_exit(0);
    }
    over_end.reset();
    write_end.reset();
    char byte = 0;
    CAF_REQUIRE_EQUAL(::read(read_end.get(), &byte, 1), 1);
  }
  ~other_process() {
    end_.reset();
    ::waitpid(pid, nullptr, 0);
  }
  pid_t pid = -1;

private:
  unique_fd end_;
};

/// Whether the lock can be had; it is let go at once.
bool takes(const std::string& path) {
  auto lock = file_lock::try_take(path, 200ms);
  CAF_REQUIRE(lock);
  return lock->has_value();
}

} // namespace

CAF_TEST(a file is known by its inode and not by its name) {
  temp_dir tmp;
  std::ofstream{tmp / "x"} << "1";
  own_file file{tmp / "x"};
  CAF_CHECK(file.look() == own_file::state::ours);
  std::ofstream{tmp / "y"} << "2";
  ::rename((tmp / "y").c_str(), (tmp / "x").c_str());
  CAF_CHECK(file.look() == own_file::state::replaced);
  file.remove();
  CAF_CHECK_EQUAL(::access((tmp / "x").c_str(), F_OK), 0);
  ::unlink((tmp / "x").c_str());
  CAF_CHECK(file.look() == own_file::state::gone);
  CAF_CHECK(own_file{}.look() == own_file::state::gone);
}

CAF_TEST(a lock that nobody holds has no holder) {
  temp_dir tmp;
  CAF_CHECK(!find_lock_holder(tmp / "none"));
  CAF_CHECK(takes(tmp / "lock"));
  CAF_CHECK(!find_lock_holder(tmp / "lock"));
}

CAF_TEST(the holder of a lock is known by the kernel and by its note) {
  temp_dir tmp;
  auto path = tmp / "lock";
  other_process other{[&] {
    auto lock = *file_lock::try_take(path, 200ms);
    lock->note("a longer note");
    lock->note("short");
    return lock;
  }};
  auto holder = find_lock_holder(path);
  CAF_REQUIRE(holder);
  CAF_CHECK_EQUAL(holder->pid, other.pid);
  CAF_CHECK_EQUAL(holder->note, "short");
  CAF_CHECK(!takes(path));
}

CAF_TEST(a lock taken by flock alone is held by somebody unknown) {
  temp_dir tmp;
  unique_fd fd{::open((tmp / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  ::flock(fd.get(), LOCK_EX);
  auto holder = find_lock_holder(tmp / "lock");
  CAF_REQUIRE(holder);
  CAF_CHECK_EQUAL(holder->pid, 0);
}

CAF_TEST(looking at a lock does not keep anybody from taking it) {
  temp_dir tmp;
  auto path = tmp / "lock";
  std::ofstream{path};
  other_process looker{[&] {
    if (::fork() == 0) {
      while (::getppid() != 1 && !find_lock_holder(path + "x"))
        find_lock_holder(path);
      ::_exit(0);
    }
    return 0;
  }};
  int failures = 0;
  for (int i = 0; i < 200; ++i)
    failures += takes(path) ? 0 : 1;
  std::ofstream{path + "x"};
  unique_fd stop{::open((path + "x").c_str(), O_RDWR | O_CLOEXEC)};
  ::flock(stop.get(), LOCK_EX); // ends the looker
  CAF_CHECK_EQUAL(failures, 0);
}

CAF_TEST(the pid file has two lines with the process and its start) {
  temp_dir tmp;
  auto paths = paths_in(tmp);
  {
    auto taken = instance_lock::take(paths);
    CAF_REQUIRE(taken);
    auto record = read_pid_file(paths.pid_file);
    CAF_REQUIRE(record);
    CAF_CHECK_EQUAL(record->pid, ::getpid());
    std::ifstream file{paths.pid_file};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    CAF_CHECK_EQUAL(text, std::to_string(::getpid()) + '\n' + record->started + '\n');
  }
  CAF_CHECK(!read_pid_file(paths.pid_file));
}

CAF_TEST(a second daemon is refused and told who the first is) {
  temp_dir tmp;
  auto paths = paths_in(tmp);
  other_process first{[&] { return instance_lock::take(paths); }};
  auto second = instance_lock::take(paths);
  CAF_REQUIRE(!second);
  CAF_CHECK_NOT_EQUAL(second.error().text.find("pid " + std::to_string(first.pid)), std::string::npos);
}

CAF_TEST(a pid file that was replaced is left alone at the end) {
  temp_dir tmp;
  auto paths = paths_in(tmp);
  {
    auto taken = instance_lock::take(paths);
    CAF_REQUIRE(taken);
    std::ofstream{paths.pid_file + ".x"} << "1\nx\n";
    ::rename((paths.pid_file + ".x").c_str(), paths.pid_file.c_str());
  }
  CAF_CHECK_EQUAL(::access(paths.pid_file.c_str(), F_OK), 0);
}

CAF_TEST(a pid file that was taken away or replaced is put back as it was) {
  temp_dir tmp;
  auto paths = paths_in(tmp);
  auto taken = instance_lock::take(paths);
  CAF_REQUIRE(taken);
  auto before = read_pid_file(paths.pid_file);
  auto restored = [&] { return *taken->restore([] { return true; }); };
  CAF_CHECK(restored().empty());
  ::unlink(paths.pid_file.c_str());
  CAF_CHECK(restored() == std::vector{paths.pid_file});
  std::ofstream{paths.pid_file + ".x"} << "1\nx\n";
  ::rename((paths.pid_file + ".x").c_str(), paths.pid_file.c_str());
  CAF_CHECK(restored() == std::vector{paths.pid_file});
  auto after = read_pid_file(paths.pid_file);
  CAF_REQUIRE(before && after);
  CAF_CHECK(after->pid == before->pid && after->started == before->started);
  CAF_CHECK(restored().empty());
}

CAF_TEST(a lock file that was taken away is put back and locked for others) {
  temp_dir tmp;
  auto paths = paths_in(tmp);
  auto taken = instance_lock::take(paths);
  CAF_REQUIRE(taken);
  taken->note(note_running);
  ::unlink(paths.alive_lock.c_str());
  CAF_CHECK(*taken->restore([] { return true; }) == std::vector{paths.alive_lock});
  other_process other{[&] {
    auto holder = find_lock_holder(paths.alive_lock);
    if (takes(paths.alive_lock) || !holder || holder->note != note_running)
      ::_exit(1); // then nobody says that it has begun
    return 0;
  }};
}

CAF_TEST(a lock that another one has taken meanwhile is lost) {
  temp_dir tmp;
  auto paths = paths_in(tmp);
  auto taken = instance_lock::take(paths);
  CAF_REQUIRE(taken);
  ::unlink(paths.alive_lock.c_str());
  {
    other_process other{[&] { return file_lock::try_take(paths.alive_lock, 200ms); }};
    auto lost = taken->restore([] { return true; });
    CAF_REQUIRE(!lost);
    CAF_CHECK_EQUAL(lost.error().text, "lock file was replaced");
  }
  ::unlink(paths.alive_lock.c_str());
  CAF_CHECK(!taken->restore([] { return false; })); // somebody came and went, and took our socket away
}
