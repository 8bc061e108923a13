#include "actors/file_lines.hpp"

#include "tests/support/temp_dir.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

struct fixture {
  test::temp_dir tmp;
  std::string path = tmp / "events";

  void append(const std::string& text) const { std::ofstream{path, std::ios::app} << text; }

  /// In place: the inode stays.
  void overwrite(const std::string& text) const { std::ofstream{path, std::ios::trunc} << text; }

  file_lines open() const {
    auto result = file_lines::open(path);
    if (!result)
      CAF_FAIL(result.error().text);
    return std::move(*result);
  }

  template <size_t Size = 64>
  static std::string read(file_lines& x) {
    std::array<char, Size> buffer;
    auto n = x.read(buffer);
    if (!n)
      CAF_FAIL(n.error().text);
    return {buffer.data(), *n};
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(file_lines_tests, fixture)

CAF_TEST(only whole lines are handed out and the rest follows when it is one) {
  append("one\ntwo\nth");
  auto testee = open();
  CAF_CHECK_EQUAL(read(testee), "one\ntwo\n");
  CAF_CHECK_EQUAL(read(testee), "");
  CAF_CHECK_EQUAL(testee.rest(), "th");
  CAF_CHECK(testee.has_more());
  append("ree\n");
  CAF_CHECK_EQUAL(read(testee), "three\n");
  CAF_CHECK(!testee.has_more());
}

CAF_TEST(a rest that is taken counts as read) {
  append("one\nrest");
  auto testee = open();
  read(testee);
  read(testee);
  CAF_CHECK_EQUAL(testee.take_rest(), "rest");
  CAF_CHECK_EQUAL(testee.where().offset, 8u);
  CAF_CHECK_EQUAL(testee.take_rest(), "");
}

CAF_TEST(of a line that is longer than the buffer parts are handed out) {
  append("0123456789ab\n");
  auto testee = open();
  CAF_CHECK_EQUAL(read<8>(testee), "01234567");
  CAF_CHECK(testee.is_in_a_line());
  CAF_CHECK_EQUAL(read<8>(testee), "89ab\n");
  CAF_CHECK(!testee.is_in_a_line());
}

CAF_TEST(a hole at the start of a line is passed over) {
  append("one\n" + std::string(20'000, '\0') + "two\n");
  auto testee = open();
  CAF_CHECK_EQUAL(read(testee), "one\n");
  CAF_CHECK_EQUAL(read(testee), "two\n");
  CAF_CHECK_EQUAL(testee.where().offset, 20'008u);
}

CAF_TEST(a few null bytes are text that somebody must see) {
  append(std::string("\0a\0\n", 4));
  auto testee = open();
  CAF_CHECK_EQUAL(read(testee), std::string("\0a\0\n", 4));
}

CAF_TEST(a file that grows is not rewritten) {
  append("one\n");
  auto testee = open();
  CAF_CHECK(!testee.is_rewritten());
  read(testee);
  append("two\n");
  CAF_CHECK(!testee.is_rewritten());
}

CAF_TEST(another text of the same size is noticed and is read after a new start) {
  append("one\n");
  auto testee = open();
  read(testee);
  overwrite("two\nthree\n");
  CAF_CHECK(testee.is_rewritten());
  CAF_CHECK_EQUAL(read(testee), "");
  CAF_CHECK(testee.has_changed());
  testee.start_over();
  CAF_CHECK(!testee.has_changed());
  CAF_CHECK_EQUAL(read(testee), "two\nthree\n");
}

CAF_TEST(a file that was truncated is rewritten) {
  append("one\ntwo\n");
  auto testee = open();
  read(testee);
  overwrite("one\n");
  CAF_CHECK(testee.is_rewritten());
}

CAF_TEST(another reader goes on where the first one was) {
  append("one\ntwo\n");
  auto first = open();
  CAF_CHECK_EQUAL(read<6>(first), "one\n");
  auto second = open();
  CAF_CHECK(second.go_to(first.where()));
  CAF_CHECK(second.where() == first.where());
  CAF_CHECK_EQUAL(read(second), "two\n");
}

CAF_TEST(a reader stays where a file is shorter or begins otherwise or is another) {
  append("one\ntwo\n");
  auto first = open();
  read(first);
  auto known = first.where();
  overwrite("one\n");
  CAF_CHECK(!open().go_to(known));
  overwrite("eno\ntwo\n");
  CAF_CHECK(!open().go_to(known));
  overwrite("one\ntwo\n");
  CAF_CHECK(open().go_to(known));
  auto other = known;
  ++other.inode;
  auto testee = open();
  CAF_CHECK(!testee.go_to(other));
  CAF_CHECK_EQUAL(read(testee), "one\ntwo\n");
}

CAF_TEST(a file without a name is removed and still read) {
  append("one\n");
  auto testee = open();
  CAF_CHECK(!testee.is_removed());
  std::filesystem::remove(path);
  CAF_CHECK(testee.is_removed());
  CAF_CHECK_EQUAL(read(testee), "one\n");
}

CAF_TEST(the first byte is that of the text) {
  append(" \t\n");
  CAF_CHECK_EQUAL(open().first_byte(), '\0');
  append("[1]");
  CAF_CHECK_EQUAL(open().first_byte(), '[');
}

CAF_TEST(what is no regular file is refused with the way out) {
  auto refusal = [](const std::string& place) {
    auto opened = file_lines::open(place);
    CAF_REQUIRE(!opened);
    auto asked = can_be_followed(place);
    CAF_REQUIRE(!asked);
    CAF_CHECK_EQUAL(asked.error().text, opened.error().text);
    return asked.error().text;
  };
  CAF_CHECK_EQUAL(refusal(tmp.path()), tmp.path() + " is a folder, and only a regular file can be followed");
  CAF_CHECK(refusal("/dev/null").find("device") != std::string::npos);
  CAF_CHECK(refusal("/proc/self/status").find("exec:every=30s:'cat /proc/self/status'") != std::string::npos);
  ::mkfifo(path.c_str(), 0600);
  CAF_CHECK(refusal(path).find("exec:'cat " + path) != std::string::npos);
}

CAF_TEST(a file that is not there yet can be followed and not be opened) {
  CAF_CHECK(can_be_followed(path));
  auto opened = file_lines::open(path);
  CAF_REQUIRE(!opened);
  CAF_CHECK(opened.error().kind == failure_kind::not_found);
}

CAF_TEST_FIXTURE_SCOPE_END()
