#include "config/log.hpp"

#include "config/log_file.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

struct fixture {
  test::temp_dir tmp;
  std::string path = tmp / "bus.log";
  ~fixture() { log::shut_down(); }
};

} // namespace

CAF_TEST(quoted text has nothing but printable ASCII) {
  CAF_CHECK_EQUAL(log::quoted("plain text"), "\"plain text\"");
  CAF_CHECK_EQUAL(log::quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
  CAF_CHECK_EQUAL(log::quoted("\n\r\t"), "\"\\n\\r\\t\"");
  CAF_CHECK_EQUAL(log::quoted(std::string_view{"\0\x1b\x7f\xff", 4}), "\"\\x00\\x1b\\x7f\\xff\"");
  CAF_CHECK_EQUAL(log::quoted(""), "\"\"");
}

CAF_TEST(quoted text is cut after 128 bytes) {
  CAF_CHECK_EQUAL(log::quoted(std::string(128, 'a')), '"' + std::string(128, 'a') + '"');
  CAF_CHECK_EQUAL(log::quoted(std::string(129, 'a')), '"' + std::string(128, 'a') + "\"...");
}

CAF_TEST_FIXTURE_SCOPE(log_tests, fixture)

CAF_TEST(the log is silent until it has a file) {
  CAF_CHECK(!log::bus().should_log(spdlog::level::critical));
  CAF_CHECK(log::bus().sinks().empty());
  CAF_CHECK(log::set_level("trace"));
  CAF_CHECK(!log::bus().should_log(spdlog::level::critical));
}

CAF_TEST(a line has a time with zone and a level and a component) {
  CAF_REQUIRE(log::to_file(path, "info"));
  log::hub().info("client-joined conn={}", 7);
  log::conn().debug("not-there");
  log::shut_down();
  std::string shape = content_of(path);
  for (auto& c : shape)
    c = std::isdigit(static_cast<unsigned char>(c)) ? '9' : c == '-' ? '+' : c;
  CAF_CHECK_EQUAL(shape, "9999+99+99T99:99:99.999+99:99 info hub client+joined conn=9\n");
}

CAF_TEST(the file is private and one that was readable becomes so) {
  std::ofstream{path} << "old\n";
  ::chmod(path.c_str(), 0644);
  CAF_REQUIRE(log::to_file(path, "info"));
  log::shut_down();
  CAF_CHECK_EQUAL(mode_of(path), 0600u);
  CAF_CHECK_EQUAL(content_of(path), "old\n");
}

CAF_TEST(a newline in a message cannot forge a line) {
  CAF_REQUIRE(log::to_file(path, "info"));
  log::bus().info("key={}", "a\n2026-01-01T00:00:00.000+00:00 error bus forged");
  log::shut_down();
  auto text = content_of(path);
  CAF_CHECK_EQUAL(std::count(text.begin(), text.end(), '\n'), 1);
}

CAF_TEST(the level can be changed while it runs) {
  CAF_REQUIRE(log::to_file(path, "warn"));
  log::lock().info("one");
  CAF_CHECK(log::set_level("debug"));
  CAF_CHECK(!log::set_level("loud"));
  log::lock().debug("two");
  log::shut_down();
  CAF_CHECK(content_of(path).find("one") == std::string::npos);
  CAF_CHECK(content_of(path).find("debug lock two") != std::string::npos);
}

CAF_TEST(a log that cannot be opened is an error text and nothing more) {
  CAF_CHECK(log::to_file(tmp / "no/such/bus.log", "info").error().text.find("No such file") != std::string::npos);
  CAF_CHECK(!log::to_file(tmp.path(), "info"));
  CAF_CHECK(log::to_file(path, "loud").error().text.find("not a log level") != std::string::npos);
  CAF_REQUIRE_EQUAL(::symlink("/dev/null", path.c_str()), 0);
  CAF_CHECK(!log::to_file(path, "info"));
  CAF_CHECK(!log::bus().should_log(spdlog::level::critical));
}

CAF_TEST(a logger that was taken before the log ended may still be used) {
  CAF_REQUIRE(log::to_file(path, "info"));
  auto& taken = log::source();
  log::shut_down();
  taken.error("lost");
  CAF_REQUIRE(log::to_file(path, "info"));
  log::source().error("found");
  log::shut_down();
  CAF_CHECK(content_of(path).find("lost") == std::string::npos);
  CAF_CHECK(content_of(path).find("found") != std::string::npos);
}

CAF_TEST(files are rotated and stay private and the oldest goes) {
  auto before = ::umask(0);
  log::log_file file{path, 10, 2};
  CAF_REQUIRE(file.open());
  for (auto line : {"11111111\n", "22222222\n", "33333333\n", "44444444\n"})
    file.write(line);
  ::umask(before);
  CAF_CHECK_EQUAL(content_of(path), "44444444\n");
  CAF_CHECK_EQUAL(content_of(path + ".1"), "33333333\n");
  CAF_CHECK_EQUAL(content_of(path + ".2"), "22222222\n");
  CAF_CHECK(!std::filesystem::exists(path + ".3"));
  CAF_CHECK(!std::filesystem::exists(path + ".new"));
  for (auto suffix : {"", ".1", ".2"})
    CAF_CHECK_EQUAL(mode_of(path + suffix), 0600u);
}

CAF_TEST(a file that is full when it is opened is rotated by the first line) {
  std::ofstream{path} << "0123456789";
  log::log_file file{path, 10, 1};
  CAF_REQUIRE(file.open());
  file.write("x\n");
  CAF_CHECK_EQUAL(content_of(path), "x\n");
  CAF_CHECK_EQUAL(content_of(path + ".1"), "0123456789");
}

CAF_TEST(without free descriptors the old file goes on and stays bounded) {
  log::log_file file{path, 10, 1};
  CAF_REQUIRE(file.open());
  file.write("11111111\n");
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  auto none = before;
  none.rlim_cur = 3;
  ::setrlimit(RLIMIT_NOFILE, &none);
  file.write("22222222\n");
  file.write("33333333\n");
  ::setrlimit(RLIMIT_NOFILE, &before);
  CAF_CHECK_EQUAL(content_of(path), "11111111\n22222222\n");
  file.write("44444444\n");
  CAF_CHECK_EQUAL(content_of(path), "44444444\n");
}

CAF_TEST(a log that was moved away is opened anew) {
  CAF_CHECK(log::to_file(path, "info"));
  log::bus().info("one");
  log::bus().flush();
  std::filesystem::rename(path, path + ".away");
  CAF_CHECK(log::reopen());
  log::bus().info("two");
  log::shut_down();
  CAF_CHECK(content_of(path).find(" two\n") != std::string::npos);
  CAF_CHECK_EQUAL(mode_of(path), mode_t{0600});
}

CAF_TEST(a log that cannot be opened anew goes on in the old file) {
  CAF_CHECK(log::to_file(path, "info"));
  std::filesystem::rename(path, path + ".away");
  std::filesystem::create_directory(path);
  CAF_CHECK(log::reopen().error().text.find("cannot open the log file") != std::string::npos);
  log::bus().info("two");
  log::shut_down();
  CAF_CHECK(content_of(path + ".away").find(" two\n") != std::string::npos);
}

CAF_TEST(without a log there is nothing to open anew) {
  CAF_CHECK(log::reopen());
}

CAF_TEST_FIXTURE_SCOPE_END()
