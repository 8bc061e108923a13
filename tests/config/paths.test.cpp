#include "config/paths.hpp"

#include "tests/support/temp_dir.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

environment env_of(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    auto i = values.find(name);
    return i == values.end() ? std::nullopt : std::optional{i->second};
  };
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

std::string usual_dir(const environment& env, const std::string& runtime_dirs) {
  return usual_base_dirs(env, runtime_dirs).front();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct fixture {
  test::temp_dir tmp;
  app_paths paths = *find_app_paths(tmp / "bus", "app");
};

} // namespace

CAF_TEST(the folder comes from the flag and then from the environment) {
  test::temp_dir run;
  auto all = env_of({{"CAFBUS_DIR", "/e"}, {"XDG_RUNTIME_DIR", run.path()}, {"HOME", "/home/u"}});
  CAF_CHECK_EQUAL(base_dir("/f", all), "/f");
  CAF_CHECK_EQUAL(base_dir("", all), "/e");
  CAF_CHECK_EQUAL(base_dir("", env_of({{"XDG_RUNTIME_DIR", run.path()}, {"HOME", "/home/u"}})), run / "cafbus");
}

CAF_TEST(without the variable the runtime directory of the user is found) {
  test::temp_dir tmp;
  auto run = tmp / std::to_string(::geteuid());
  auto home = env_of({{"HOME", "/home/u"}});
  CAF_CHECK_EQUAL(usual_dir(home, tmp.path()), "/home/u/.cafbus");
  CAF_REQUIRE_EQUAL(::mkdir(run.c_str(), 0700), 0);
  CAF_CHECK_EQUAL(usual_dir(home, tmp.path()), run + "/cafbus");
  CAF_CHECK_EQUAL(usual_base_dirs(env_of({{"XDG_RUNTIME_DIR", run}, {"HOME", "/home/u"}}), tmp.path()).size(), 2u);
}

CAF_TEST(a runtime directory counts only if it is a folder of ours) {
  test::temp_dir tmp;
  for (const std::string& bad : {std::string{"run"}, tmp / "none", std::string{"/proc/self/status"}})
    CAF_CHECK_EQUAL(usual_dir(env_of({{"XDG_RUNTIME_DIR", bad}, {"HOME", "/home/u"}}), tmp.path()), "/home/u/.cafbus");
  if (::geteuid() != 0)
    return; // only root can make a folder of another user
  auto theirs = tmp / "theirs";
  CAF_REQUIRE(::mkdir(theirs.c_str(), 0755) == 0 && ::chown(theirs.c_str(), 12'345, 12'345) == 0);
  auto env = env_of({{"XDG_RUNTIME_DIR", theirs}, {"HOME", theirs}, {"SUDO_UID", "12345"}});
  auto usual = usual_base_dirs(env, tmp.path());
  CAF_CHECK(std::ranges::none_of(usual, [&](const auto& x) { return x.starts_with(theirs); }));
  auto others = other_base_dirs(usual.front(), env, tmp.path());
  CAF_CHECK(std::ranges::count(others, theirs + "/.cafbus") == 1);
  CAF_CHECK(std::ranges::count(others, tmp / "12345/cafbus") == 1);
}

CAF_TEST(without a home in the environment the user database is asked) {
  CAF_CHECK(base_dir("", env_of({})).ends_with("/.cafbus"));
  CAF_CHECK(base_dir("", env_of({})).starts_with("/"));
}

CAF_TEST(a folder is made absolute and clean) {
  CAF_CHECK(base_dir("x/../y/", env_of({})).ends_with("/y"));
  CAF_CHECK(base_dir("x", env_of({})).starts_with("/"));
  CAF_CHECK_EQUAL(base_dir("/a//b/", env_of({})), "/a/b");
}

CAF_TEST(all files of an app lie in its folder) {
  auto paths = *find_app_paths("/d", "a");
  CAF_CHECK_EQUAL(paths.dir, "/d/a");
  CAF_CHECK_EQUAL(paths.socket, "/d/a/bus.sock");
  CAF_CHECK_EQUAL(paths.pid_file, "/d/a/bus.pid");
  CAF_CHECK_EQUAL(paths.alive_lock, "/d/a/bus.alive.lock");
  CAF_CHECK_EQUAL(paths.fork_lock, "/d/a/bus.fork.lock");
  CAF_CHECK_EQUAL(paths.log, "/d/a/bus.log");
}

CAF_TEST(names of apps that are no plain file names are refused) {
  for (auto name : {"default", "a", "A-b_c.9", "_x"})
    CAF_CHECK(check_app_name(name));
  CAF_CHECK(check_app_name(std::string(64, 'a')));
  for (auto name : {"", ".", "..", ".a", "-a", "a/b", "a b", "a\n", "\xc3\xa4"})
    CAF_CHECK(!check_app_name(name));
  CAF_CHECK(!check_app_name(std::string(65, 'a')));
  CAF_CHECK(!find_app_paths("/d", "../x"));
}

CAF_TEST(a socket path that is too long names its length and the limit and the way out) {
  auto fits = "/" + std::string(107 - sizeof("/a/bus.sock"), 'x');
  auto paths = find_app_paths(fits, "a");
  CAF_REQUIRE(paths);
  CAF_CHECK_EQUAL(paths->socket.size(), 107u);
  auto refused = find_app_paths(fits + "x", "a");
  CAF_REQUIRE(!refused);
  auto error = refused.error().text;
  CAF_CHECK(contains(error, "108 characters"));
  CAF_CHECK(contains(error, "limit is 107"));
  CAF_CHECK(contains(error, "use --dir or CAFBUS_DIR with a shorter path"));
}

CAF_TEST_FIXTURE_SCOPE(prepare_tests, fixture)

CAF_TEST(missing folders are made private and kept when they are there) {
  CAF_CHECK(prepare_app_dir(paths));
  CAF_CHECK_EQUAL(mode_of(paths.base), 0700u);
  CAF_CHECK_EQUAL(mode_of(paths.dir), 0700u);
  CAF_CHECK(prepare_app_dir(paths));
}

CAF_TEST(a folder that others can only read is repaired) {
  CAF_REQUIRE(prepare_app_dir(paths));
  ::chmod(paths.dir.c_str(), 0755);
  CAF_CHECK(prepare_app_dir(paths));
  CAF_CHECK_EQUAL(mode_of(paths.dir), 0700u);
}

CAF_TEST(a folder that others can write to is refused and left alone) {
  CAF_REQUIRE(prepare_app_dir(paths));
  for (mode_t mode : {0777u, 0770u, 0702u}) {
    ::chmod(paths.dir.c_str(), mode);
    CAF_CHECK(contains(prepare_app_dir(paths).error().text, paths.dir + " is writable by others"));
    CAF_CHECK_EQUAL(mode_of(paths.dir), mode);
  }
}

CAF_TEST(a folder of another user is refused) {
  CAF_REQUIRE(prepare_app_dir(paths));
  if (::chown(paths.dir.c_str(), 65'534, 65'534) == 0) // only root can bring this about
    CAF_CHECK(contains(prepare_app_dir(paths).error().text, paths.dir + " belongs to user 65534"));
}

CAF_TEST(a symbolic link in place of the app folder is refused) {
  ::mkdir(paths.base.c_str(), 0700);
  ::mkdir((tmp / "real").c_str(), 0700);
  CAF_REQUIRE_EQUAL(::symlink((tmp / "real").c_str(), paths.dir.c_str()), 0);
  CAF_CHECK(contains(prepare_app_dir(paths).error().text, paths.dir + " is a symbolic link"));
}

CAF_TEST(a dangling symbolic link is refused as well) {
  ::mkdir(paths.base.c_str(), 0700);
  CAF_REQUIRE_EQUAL(::symlink((tmp / "nowhere").c_str(), paths.dir.c_str()), 0);
  CAF_CHECK(contains(prepare_app_dir(paths).error().text, "symbolic link"));
}

CAF_TEST(a file in place of a folder is named) {
  ::mkdir(paths.base.c_str(), 0700);
  std::ofstream{paths.dir} << "x";
  CAF_CHECK(contains(prepare_app_dir(paths).error().text, paths.dir + " is not a folder"));
}

CAF_TEST(a base folder may be a symbolic link that the user made) {
  ::mkdir((tmp / "real").c_str(), 0700);
  CAF_REQUIRE_EQUAL(::symlink((tmp / "real").c_str(), paths.base.c_str()), 0);
  CAF_CHECK(prepare_app_dir(paths));
}

CAF_TEST(a base folder that everybody may change is refused unless it is sticky) {
  ::mkdir(paths.base.c_str(), 0700);
  ::chmod(paths.base.c_str(), 0777);
  CAF_CHECK(contains(prepare_app_dir(paths).error().text, paths.base + " is writable by everybody"));
  ::chmod(paths.base.c_str(), 01777);
  CAF_CHECK(prepare_app_dir(paths));
}

CAF_TEST(a missing parent of the base folder is named) {
  auto deep = *find_app_paths(tmp / "no/such", "app");
  auto error = prepare_app_dir(deep).error().text;
  CAF_CHECK(contains(error, deep.base));
  CAF_CHECK(contains(error, "use --dir or CAFBUS_DIR"));
}

CAF_TEST_FIXTURE_SCOPE_END()
