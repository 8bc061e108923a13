#include "cli/ready_notice.hpp"

#include "base/pipe_ends.hpp"
#include "support/temp_dir.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace fs = std::filesystem;

namespace {

struct fixture {
  test::temp_dir tmp;
  std::string path = tmp / "ready";

  static std::string content(const std::string& path) {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  static ready_notice opened(int fd, const std::string& path) {
    auto result = ready_notice::open(fd, path);
    if (!result)
      CAF_FAIL(result.error().text);
    return std::move(*result);
  }

  static failure refused(int fd, const std::string& path) {
    auto result = ready_notice::open(fd, path);
    CAF_REQUIRE(!result);
    return result.error();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(ready_notice_tests, fixture)

CAF_TEST(without descriptor and file nothing is told) {
  CAF_CHECK(ready_notice{}.tell());
  CAF_CHECK(opened(-1, "").tell());
}

CAF_TEST(the descriptor gets a line and its end) {
  auto ends = make_pipe();
  CAF_REQUIRE(ends);
  auto testee = opened(ends->write.release(), "");
  CAF_CHECK(testee.tell());
  char buffer[16];
  CAF_CHECK_EQUAL(::read(ends->read.get(), buffer, sizeof(buffer)), 6);
  CAF_CHECK_EQUAL((std::string{buffer, 6}), "ready\n");
  CAF_CHECK_EQUAL(::read(ends->read.get(), buffer, sizeof(buffer)), 0);
}

CAF_TEST(the descriptor ends unwritten if we end before) {
  auto ends = make_pipe();
  CAF_REQUIRE(ends);
  { auto testee = opened(ends->write.release(), ""); }
  char byte = 0;
  CAF_CHECK_EQUAL(::read(ends->read.get(), &byte, 1), 0);
}

CAF_TEST(commands that run on events do not hold the descriptor open) {
  auto ends = make_pipe();
  CAF_REQUIRE(ends);
  ::fcntl(ends->write.get(), F_SETFD, 0);
  auto fd = ends->write.release();
  auto testee = opened(fd, "");
  CAF_CHECK(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

CAF_TEST(a descriptor that cannot be meant is refused) {
  auto ends = make_pipe();
  CAF_REQUIRE(ends);
  for (int fd : {0, 1, 2})
    CAF_CHECK(refused(fd, "").text.find("take 3 or more") != std::string::npos);
  for (int fd : {ends->read.get(), 1'000'000})
    CAF_CHECK(refused(fd, "").text.find("not open for writing") != std::string::npos);
}

CAF_TEST(the file appears when we are ready and goes with us) {
  {
    auto testee = opened(-1, path);
    CAF_CHECK(!fs::exists(path));
    CAF_CHECK(testee.tell());
    CAF_CHECK_EQUAL(content(path), std::to_string(::getpid()) + '\n');
    auto moved = std::move(testee);
  }
  CAF_CHECK(fs::is_empty(tmp.path()));
}

CAF_TEST(a file that an earlier run left is removed at once) {
  std::ofstream{path} << "4711\n";
  auto testee = opened(-1, path);
  CAF_CHECK(!fs::exists(path));
}

CAF_TEST(a file that is something else is left alone) {
  for (const std::string text : {"12 monkeys\n", "0123456789012345678901234567890123456789\n"}) {
    std::ofstream{path} << text;
    auto why = refused(-1, path);
    CAF_CHECK(why.kind == failure_kind::refused);
    CAF_CHECK(why.text.find(path) != std::string::npos);
    CAF_CHECK_EQUAL(content(path), text);
  }
  fs::remove(path);
  fs::create_symlink(tmp / "elsewhere", path);
  CAF_CHECK(refused(-1, path).kind == failure_kind::refused);
}

CAF_TEST(a file that cannot be written leaves nothing behind) {
  const auto folder = tmp / "folder";
  fs::create_directory(folder);
  auto testee = opened(-1, folder + "/ready");
  CAF_CHECK(fs::is_empty(folder));
  fs::remove(folder);
  auto told = testee.tell();
  CAF_REQUIRE(!told);
  CAF_CHECK(told.error().text.find("--ready-file: cannot create " + folder + "/ready") == 0);
  CAF_CHECK(fs::is_empty(tmp.path()));
}

CAF_TEST(a missing folder is told before it is used) {
  const auto why = refused(-1, tmp / "folder/ready").text;
  CAF_CHECK(why.find("--ready-file: cannot create " + (tmp / "folder/ready")) == 0);
  CAF_CHECK(why.find("the folder " + (tmp / "folder") + " does not exist; create it first") != std::string::npos);
}

CAF_TEST(a descriptor that nobody reads is refused) {
  int ends[2];
  CAF_REQUIRE(::pipe(ends) == 0);
  ::close(ends[0]);
  CAF_CHECK(refused(ends[1], {}).text.find("nobody reads from descriptor") != std::string::npos);
  ::close(ends[1]);
}

CAF_TEST_FIXTURE_SCOPE_END()
