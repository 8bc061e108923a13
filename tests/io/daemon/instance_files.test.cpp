#include "io/daemon/instance_files.hpp"

#include "io/sockets/unix_socket.hpp"
#include "support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

app_paths prepared(const std::string& base) {
  auto paths = find_app_paths(base, "a");
  CAF_REQUIRE(paths && prepare_app_dir(*paths));
  return *paths;
}

struct fixture {
  test::temp_dir tmp;
  app_paths paths = prepared(tmp.path());
  instance_files files{paths, *instance_lock::take(paths)};
  unique_fd listening = *listen_unix(paths.socket, 1);

  fixture() { files.add_socket(); }
};

/// Makes a file look as if nobody had touched it for a month.
void age(const std::string& path) {
  timespec long_ago[2] = {{::time(nullptr) - 30 * 86'400, 0}, {::time(nullptr) - 30 * 86'400, 0}};
  ::utimensat(AT_FDCWD, path.c_str(), long_ago, AT_SYMLINK_NOFOLLOW);
}

bool is_old(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) != 0 || info.st_mtime < ::time(nullptr) - 86'400;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(instance_files_tests, fixture)

CAF_TEST(the folder has a shared lock that cleaners by age respect) {
  unique_fd cleaner{::open(paths.dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  CAF_CHECK(::flock(cleaner.get(), LOCK_EX | LOCK_NB) != 0);
  CAF_CHECK(::flock(cleaner.get(), LOCK_SH | LOCK_NB) == 0);
}

CAF_TEST(the files of a living bus are never old) {
  for (const auto& path : {paths.socket, paths.alive_lock, paths.pid_file, paths.dir})
    age(path);
  CAF_REQUIRE(files.look());
  for (const auto& path : {paths.socket, paths.alive_lock, paths.pid_file, paths.dir})
    CAF_CHECK(!is_old(path));
}

CAF_TEST(lock and pid file are put back while the socket is there) {
  ::unlink(paths.alive_lock.c_str());
  ::unlink(paths.pid_file.c_str());
  auto restored = files.look();
  CAF_REQUIRE(restored);
  CAF_CHECK(std::ranges::count(*restored, paths.alive_lock) == 1);
  CAF_CHECK(std::ranges::count(*restored, paths.pid_file) == 1);
}

CAF_TEST(without its socket a bus is lost) {
  ::unlink(paths.socket.c_str());
  auto lost = files.look();
  CAF_REQUIRE(!lost);
  CAF_CHECK_EQUAL(lost.error().text, "socket file is gone");
}

CAF_TEST(with another socket in its place a bus is lost and leaves that one alone) {
  ::unlink(paths.socket.c_str());
  auto other = listen_unix(paths.socket, 1);
  CAF_REQUIRE(other);
  auto lost = files.look();
  CAF_REQUIRE(!lost);
  CAF_CHECK_EQUAL(lost.error().text, "socket file was replaced");
  files.remove_socket();
  CAF_CHECK_EQUAL(::access(paths.socket.c_str(), F_OK), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
