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

/// Nothing here sleeps: a step that does not come blocks, and the program's own time limit ends it.
struct fixture {
  test::temp_dir tmp;
  std::string path = tmp / "events";
  std::shared_ptr<line_input> testee;

  fixture() { open(path); }

  void open(const std::string& name) {
    auto opened = followed_file::open(name, 1);
    if (auto* error = std::get_if<std::string>(&opened))
      CAF_FAIL(*error);
    testee = std::get<std::shared_ptr<line_input>>(opened);
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
    CAF_CHECK_EQUAL(step.state, state);
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

CAF_TEST(a renamed file is read on until the new one has something in it) {
  start("one\n");
  std::ofstream writer{path, std::ios::app};
  std::filesystem::rename(path, path + ".1");
  append("");
  writer << "two\n" << std::flush;
  expect(kind::bytes, "two\n");
  writer << "three\n" << std::flush;
  append("four\n");
  expect(kind::bytes, "three\n");
  expect(kind::cut);
  expect(kind::bytes, "four\n");
  append("five\n");
  expect(kind::bytes, "five\n");
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
  CAF_CHECK(not_followable(path).find("is a named pipe") != std::string::npos);
  CAF_CHECK(not_followable(tmp.path()).find("is a folder") != std::string::npos);
  CAF_CHECK(not_followable("/dev/null").find("is a device") != std::string::npos);
  CAF_CHECK_EQUAL(not_followable(tmp / "none"), "");
}

CAF_TEST_FIXTURE_SCOPE_END()
