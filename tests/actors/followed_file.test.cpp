#include "actors/followed_file.hpp"

#include "tests/support/temp_dir.hpp"

#include <array>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

using kind = input_step::kind;

std::string refusal(const std::string& path) {
  auto x = can_be_followed(path);
  return x ? "" : x.error().text;
}

/// Nothing here sleeps: a step that does not come blocks, and the program's own time limit ends it.
struct fixture {
  test::temp_dir tmp;
  std::string path = tmp / "events";
  position_file memory;
  std::shared_ptr<line_input> testee;

  fixture() { open(path); }

  void open(const std::string& name) {
    auto opened = followed_file::open(name, 1, memory);
    if (!opened)
      CAF_FAIL(opened.error().text);
    testee = std::move(*opened);
  }

  void append(const std::string& text) const { std::ofstream{path, std::ios::app} << text; }

  /// The next step that is something. Bytes are its text.
  input_step next() const {
    std::array<char, 4096> buffer;
    for (;;) {
      auto step = testee->next(buffer);
      if (step.what == kind::bytes)
        step.text.assign(buffer.data(), step.size);
      if (step.what != kind::nothing)
        return step;
    }
  }

  void expect(kind what, const std::string& text = {}) const {
    auto step = next();
    CAF_CHECK(step.what == what);
    if (!text.empty())
      CAF_CHECK_EQUAL(step.text, text);
  }

  void expect_state(source_state state, const std::string& part = {}) const {
    auto step = next();
    CAF_CHECK(step.what == kind::state);
    CAF_CHECK(step.state == state);
    CAF_CHECK(step.text.find(part) != std::string::npos);
  }

  void start(const std::string& text) const {
    append(text);
    expect(kind::cut);
    expect_state(source_state::connected);
    expect(kind::bytes, text);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(followed_file_tests, fixture)

CAF_TEST(what is there is read from its beginning) {
  start("one\ntwo\n");
}

CAF_TEST(what is appended comes) {
  start("one\n");
  std::thread writer{[this] { append("two\n"); }};
  expect(kind::bytes, "two\n");
  writer.join();
}

CAF_TEST(a stop ends the wait) {
  start("one\n");
  std::thread stopper{[this] { testee->stop(); }};
  expect(kind::stopped, "stopped");
  stopper.join();
}

CAF_TEST(a stop ends the wait for a file that is absent) {
  expect_state(source_state::reconnecting, "No such file");
  std::thread stopper{[this] { testee->stop(); }};
  expect(kind::stopped);
  stopper.join();
}

CAF_TEST(a file that comes later is found at once) {
  expect_state(source_state::reconnecting, path + ": No such file");
  std::thread writer{[this] { append("one\n"); }};
  expect(kind::cut);
  expect_state(source_state::connected);
  expect(kind::bytes, "one\n");
  writer.join();
}

CAF_TEST(a file in a folder that comes later is found) {
  path = tmp / "folder/events";
  open(path);
  expect_state(source_state::reconnecting, "No such file");
  std::filesystem::create_directory(tmp / "folder");
  append("one\n");
  expect(kind::cut); // after one pause: nothing tells of a folder
  expect_state(source_state::connected);
  expect(kind::bytes, "one\n");
}

CAF_TEST(a renamed file is read on beside the new one) {
  start("one\n");
  std::ofstream writer{path, std::ios::app};
  std::filesystem::rename(path, path + ".1");
  append("");
  expect(kind::cut);
  writer << "two\n" << std::flush;
  expect(kind::bytes, "two\n");
  writer << "three\n" << std::flush;
  append("four\n");
  expect(kind::bytes, "three\n");
  expect(kind::bytes, "four\n");
  writer << "five\n" << std::flush;
  expect(kind::bytes, "five\n");
  append("six\n");
  expect(kind::bytes, "six\n");
}

CAF_TEST(a rotated file is connected while the new one is empty) {
  start("one\n");
  std::filesystem::rename(path, path + ".1");
  expect_state(source_state::reconnecting, "No such file");
  append("");
  expect(kind::cut);
  expect_state(source_state::connected);
}

CAF_TEST(a line that is cut by rotation is joined) {
  start("one\n");
  append("tw");
  std::filesystem::rename(path, path + ".1");
  append("o\n{three}\n");
  expect(kind::cut);
  expect(kind::text, "tw");
  expect(kind::cut);
  expect(kind::bytes, "o\n{three}\n");
}

CAF_TEST(a line of the old file may end after the rotation) {
  start("one\n");
  std::ofstream writer{path, std::ios::app};
  writer << "tw" << std::flush;
  std::filesystem::rename(path, path + ".1");
  append("{three}\n");
  expect(kind::cut);
  expect(kind::bytes, "{three}\n");
  writer << "o\n" << std::flush;
  expect(kind::bytes, "two\n");
}

CAF_TEST(half a line of a rotated file counts when its time is over) {
  start("one\n");
  append("tw");
  std::filesystem::rename(path, path + ".1");
  append("{three}\n");
  expect(kind::cut);
  expect(kind::bytes, "{three}\n");
  expect(kind::text, "tw\n");
}

CAF_TEST(a renamed file without a successor is read on) {
  start("one\n");
  std::ofstream writer{path, std::ios::app};
  std::filesystem::rename(path, path + ".1");
  expect_state(source_state::reconnecting, "No such file");
  writer << "two\n" << std::flush;
  expect(kind::bytes, "two\n");
  append("three\n");
  expect(kind::cut);
  expect_state(source_state::connected);
  expect(kind::bytes, "three\n");
}

CAF_TEST(a file that comes back is not read again) {
  start("one\n");
  std::filesystem::rename(path, path + ".1");
  expect_state(source_state::reconnecting);
  std::filesystem::rename(path + ".1", path);
  expect_state(source_state::connected);
  append("two\n");
  expect(kind::bytes, "two\n");
}

CAF_TEST(a file that is replaced is read to its end first) {
  start("one\n");
  append("two\n");
  std::ofstream{path + ".new"} << "three\n";
  std::filesystem::rename(path + ".new", path);
  expect(kind::bytes, "two\n");
  expect(kind::cut);
  expect(kind::bytes, "three\n");
}

CAF_TEST(several replacements between two looks lose nothing of the last) {
  start("one\n");
  for (auto text : {"two\n", "three\n", "four\n"}) {
    std::filesystem::rename(path, path + ".1");
    append(text);
  }
  expect(kind::cut);
  expect(kind::bytes, "four\n");
}

CAF_TEST(a removed file is read to its end and let go) {
  start("one\n");
  append("two\n");
  std::filesystem::remove(path);
  expect(kind::bytes, "two\n");
  expect(kind::cut);
  expect_state(source_state::reconnecting, "No such file");
  append("three\n");
  expect(kind::cut);
  expect_state(source_state::connected);
  expect(kind::bytes, "three\n");
}

CAF_TEST(a truncated file is read from its start) {
  start("a long first line\n");
  std::ofstream{path, std::ios::trunc} << "two\n";
  expect(kind::cut);
  expect(kind::bytes, "two\n");
}

CAF_TEST(a file that is written anew to the same size is read again) {
  start("one\n");
  std::thread writer{[this] { std::ofstream{path, std::ios::trunc} << "two\n"; }};
  for (;;) { // the writer may be seen between its two steps
    auto step = next();
    if (step.what == kind::bytes) {
      CAF_CHECK_EQUAL(step.text, "two\n");
      break;
    }
    CAF_CHECK(step.what == kind::cut);
  }
  writer.join();
}

CAF_TEST(a file that was truncated and has grown beyond its old size is read again) {
  start("one\n");
  std::ofstream{path + ".new"} << "another first line\n";
  std::filesystem::copy_file(path + ".new", path, std::filesystem::copy_options::overwrite_existing);
  expect(kind::cut);
  expect(kind::bytes, "another first line\n");
}

CAF_TEST(the hole that a writer leaves in a truncated file is passed over) {
  start("a first line\n");
  int fd = ::open(path.c_str(), O_WRONLY);
  std::filesystem::resize_file(path, 0);
  CAF_CHECK_EQUAL(::pwrite(fd, "two\n", 4, 100'000), 4);
  ::close(fd);
  expect(kind::cut);
  expect(kind::bytes, "two\n");
}

CAF_TEST(a link that is switched is noticed wherever it points to) {
  std::filesystem::create_directory(tmp / "v1");
  std::filesystem::create_directory(tmp / "v2");
  std::ofstream{tmp / "v1/events"} << "one\n";
  std::ofstream{tmp / "v2/events"} << "two\n";
  std::filesystem::create_symlink("v1", tmp / "current");
  std::filesystem::create_symlink("current/events", tmp / "link");
  path = tmp / "link";
  open(path);
  expect(kind::cut);
  expect_state(source_state::connected);
  expect(kind::bytes, "one\n");
  std::filesystem::create_symlink("v2", tmp / "next");
  std::filesystem::rename(tmp / "next", tmp / "current");
  expect(kind::cut);
  expect(kind::bytes, "two\n");
  std::filesystem::rename(tmp / "v2/events", tmp / "v2/events.1");
  std::ofstream{tmp / "v2/events"} << "three\n";
  expect(kind::cut);
  expect(kind::bytes, "three\n");
}

CAF_TEST(a reader that starts anew goes on where the last one was) {
  memory = position_file{tmp / "positions", "events"};
  open(path);
  start("one\n");
  testee->on_taken();
  testee->finish(true, "");
  append("two\n");
  open(path);
  expect(kind::cut);
  expect_state(source_state::connected);
  expect(kind::bytes, "two\n");
}

CAF_TEST(what was not taken is read again) {
  memory = position_file{tmp / "positions", "events"};
  open(path);
  start("one\n");
  testee->finish(true, "");
  open(path);
  expect(kind::cut);
  expect_state(source_state::connected);
  expect(kind::bytes, "one\n");
}

CAF_TEST(a file that was rotated while nobody read is read to its end) {
  memory = position_file{tmp / "positions", "events"};
  open(path);
  start("one\n");
  testee->on_taken();
  testee->finish(true, "");
  append("two\n");
  std::filesystem::rename(path, path + ".1");
  append("three\n");
  open(path);
  expect(kind::cut);
  expect_state(source_state::connected);
  expect(kind::bytes, "two\n");
  expect(kind::bytes, "three\n");
}

CAF_TEST(another file of the same name is read from its start) {
  memory = position_file{tmp / "positions", "events"};
  open(path);
  start("one\n");
  testee->on_taken();
  testee->finish(true, "");
  std::ofstream{path, std::ios::trunc} << "another\n";
  open(path);
  expect(kind::cut);
  expect_state(source_state::connected);
  expect(kind::bytes, "another\n");
}

CAF_TEST(a folder that is replaced is noticed) {
  std::filesystem::create_directory(tmp / "folder");
  path = tmp / "folder/events";
  open(path);
  start("one\n");
  std::filesystem::rename(tmp / "folder", tmp / "away");
  expect_state(source_state::reconnecting);
  std::filesystem::create_directory(tmp / "folder");
  append("two\n");
  expect(kind::cut);
  expect_state(source_state::connected);
  expect(kind::bytes, "two\n");
}

CAF_TEST(what is no regular file is refused with a way out) {
  CAF_CHECK_EQUAL(::mkfifo(path.c_str(), 0600), 0);
  expect_state(source_state::reconnecting, "is a named pipe, which cannot be followed; use exec:'cat " + path);
  CAF_CHECK(refusal(path).find("is a named pipe") != std::string::npos);
  CAF_CHECK(refusal(tmp.path()).find("is a folder") != std::string::npos);
  CAF_CHECK(refusal("/dev/null").find("is a device") != std::string::npos);
  CAF_CHECK(refusal("/proc/version").find("generated by the kernel") != std::string::npos);
  CAF_CHECK_EQUAL(refusal(tmp / "none"), "");
}

CAF_TEST_FIXTURE_SCOPE_END()
