#include "actors/watched_path.hpp"

#include "base/unique_fd.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/inotify.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace fs = std::filesystem;

namespace {

using paths = std::vector<std::string>;

paths folders(const std::string& path) {
  paths result;
  for (const auto& x : folders_of(path))
    result.push_back(x.path);
  return result;
}

struct fixture {
  test::temp_dir tmp;

  std::string make_folder(const std::string& name) const {
    fs::create_directories(tmp / name);
    return tmp / name;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(watched_path_tests, fixture)

CAF_TEST(a plain path is watched by its folder whether the file is there or not ) {
  CAF_CHECK_EQUAL(folders(tmp / "events"), paths{tmp.path()});
  std::ofstream{tmp / "events"};
  CAF_CHECK_EQUAL(folders(tmp / "events"), paths{tmp.path()});
  CAF_CHECK_EQUAL(folders("/events"), paths{"/"});
}

CAF_TEST(dots and double slashes are resolved) {
  CAF_CHECK_EQUAL(folders(tmp.path() + "//a/./../b/../events"), paths{tmp.path()});
  CAF_CHECK_EQUAL(folders("/../events"), paths{"/"});
}

CAF_TEST(a link to a file adds the folder that it points into) {
  auto logs = make_folder("logs");
  fs::create_symlink("logs/today", tmp / "events");
  CAF_CHECK_EQUAL(folders(tmp / "events"), (paths{tmp.path(), logs}));
}

CAF_TEST(a link to a folder on the way adds the folder that holds it) {
  auto logs = make_folder("a/logs");
  auto here = make_folder("b");
  fs::create_symlink(logs, here + "/current");
  CAF_CHECK_EQUAL(folders(here + "/current/events"), (paths{here, logs}));
}

CAF_TEST(links to links add each folder once) {
  auto a = make_folder("a");
  fs::create_symlink("second", a + "/first");
  fs::create_symlink("third", a + "/second");
  CAF_CHECK_EQUAL(folders(a + "/first"), paths{a});
}

CAF_TEST(links in a circle come to an end) {
  fs::create_symlink("b", tmp / "a");
  fs::create_symlink("a", tmp / "b");
  CAF_CHECK_EQUAL(folders(tmp / "a"), paths{tmp.path()});
}

CAF_TEST(an open file is watched whatever its name is by now) {
  std::ofstream{tmp / "events"} << "one\n";
  unique_fd file{::open((tmp / "events").c_str(), O_RDONLY | O_CLOEXEC)};
  unique_fd inotify{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  CAF_REQUIRE(file && inotify);
  auto wish = content_of(file.get());
  fs::rename(tmp / "events", tmp / "rotated");
  CAF_REQUIRE(::inotify_add_watch(inotify.get(), wish.path.c_str(), wish.changes) > 0);
  std::ofstream{tmp / "rotated", std::ios::app} << "two\n";
  inotify_event event{};
  CAF_REQUIRE_EQUAL(::read(inotify.get(), &event, sizeof(event)), static_cast<ssize_t>(sizeof(event)));
  CAF_CHECK(event.mask & IN_MODIFY);
}

CAF_TEST_FIXTURE_SCOPE_END()
