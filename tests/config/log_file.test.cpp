#include "config/log_file.hpp"

#include "tests/support/temp_dir.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

std::string content(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

struct fixture {
  test::temp_dir tmp;
  std::string path = tmp / "bus.log";
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(log_file_tests, fixture)

CAF_TEST(the file is private whatever it was before) {
  std::ofstream{path} << "old\n";
  ::chmod(path.c_str(), 0644);
  log::log_file file{path, 100, 2};
  CAF_REQUIRE(file.open());
  file.write("new\n");
  struct stat info {};
  ::stat(path.c_str(), &info);
  CAF_CHECK_EQUAL(info.st_mode & 0777, 0600u);
  CAF_CHECK_EQUAL(content(path), "old\nnew\n");
}

CAF_TEST(a file that would grow beyond its size is rotated and only so many are kept) {
  log::log_file file{path, 10, 2};
  CAF_REQUIRE(file.open());
  for (const auto* line : {"11111111\n", "22222222\n", "33333333\n", "44444444\n"})
    file.write(line);
  CAF_CHECK_EQUAL(content(path), "44444444\n");
  CAF_CHECK_EQUAL(content(path + ".1"), "33333333\n");
  CAF_CHECK_EQUAL(content(path + ".2"), "22222222\n");
  CAF_CHECK(!exists(path + ".3"));
  CAF_CHECK(!exists(path + ".new"));
}

CAF_TEST(the size of what was there before counts) {
  std::ofstream{path} << "12345678\n";
  log::log_file file{path, 10, 1};
  CAF_REQUIRE(file.open());
  file.write("new\n");
  CAF_CHECK_EQUAL(content(path), "new\n");
  CAF_CHECK_EQUAL(content(path + ".1"), "12345678\n");
}

CAF_TEST(a line longer than the size of a file is written whole) {
  log::log_file file{path, 10, 1};
  CAF_REQUIRE(file.open());
  file.write("1234567890123456\n");
  CAF_CHECK_EQUAL(content(path), "1234567890123456\n");
}

CAF_TEST(a file that cannot be rotated stops growing at twice its size) {
  log::log_file file{path, 10, 1};
  CAF_REQUIRE(file.open());
  ::mkdir((path + ".new").c_str(), 0700); // in the way of the rotation
  for (int i = 0; i < 5; ++i)
    file.write("1234\n");
  CAF_CHECK_EQUAL(content(path).size(), 20u);
}

CAF_TEST(a file that was moved away is opened again by its name) {
  log::log_file file{path, 100, 1};
  CAF_REQUIRE(file.open());
  file.write("a\n");
  ::rename(path.c_str(), (path + ".moved").c_str());
  CAF_REQUIRE(file.open());
  file.write("b\n");
  CAF_CHECK_EQUAL(content(path + ".moved"), "a\n");
  CAF_CHECK_EQUAL(content(path), "b\n");
}

CAF_TEST(a file that cannot be opened again goes on) {
  log::log_file file{path, 100, 1};
  CAF_REQUIRE(file.open());
  ::rename(path.c_str(), (path + ".moved").c_str());
  ::mkdir(path.c_str(), 0700);
  CAF_CHECK(!file.open());
  file.write("a\n");
  CAF_CHECK_EQUAL(content(path + ".moved"), "a\n");
}

CAF_TEST(neither a link nor a pipe nor a folder is a log) {
  CAF_REQUIRE_EQUAL(::symlink("/dev/null", path.c_str()), 0);
  CAF_CHECK(!log::log_file(path, 100, 1).open());
  ::unlink(path.c_str());
  CAF_REQUIRE_EQUAL(::mkfifo(path.c_str(), 0600), 0);
  CAF_CHECK(!log::log_file(path, 100, 1).open());
  ::unlink(path.c_str());
  CAF_CHECK(!log::log_file(tmp.path(), 100, 1).open());
}

CAF_TEST_FIXTURE_SCOPE_END()
