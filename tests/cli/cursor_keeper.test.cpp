#include "cli/cursor_keeper.hpp"

#include "messages/event_cursor.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

struct fixture {
  std::string folder = "/tmp/cafbus-cursor-XXXXXX";
  std::string path;
  cursor_keeper::clock::time_point now{1h};

  fixture() {
    CAF_REQUIRE(::mkdtemp(folder.data()) != nullptr);
    path = folder + "/cursor";
  }
  ~fixture() { std::filesystem::remove_all(folder); }

  static std::string cursor(uint64_t position) { return to_text(event_cursor{1, position}); }

  cursor_keeper keeper() {
    auto opened = cursor_file::open(path);
    CAF_REQUIRE(opened);
    return cursor_keeper{std::move(*opened)};
  }

  /// The position that the file holds; 0: there is none.
  uint64_t kept() const {
    auto opened = cursor_file::open(path);
    CAF_REQUIRE(opened);
    return opened->cursor().empty() ? 0 : parse_cursor(opened->cursor())->position;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cursor_keeper_tests, fixture)

CAF_TEST(a cursor that is saved is read by the next run) {
  {
    auto opened = cursor_file::open(path);
    CAF_REQUIRE(opened);
    CAF_CHECK_EQUAL(opened->cursor(), "");
    CAF_CHECK(opened->save(cursor(7)));
  }
  CAF_CHECK_EQUAL(kept(), 7u);
  CAF_CHECK(!std::filesystem::exists(path + ".new"));
}

CAF_TEST(a file that holds anything else is refused and left alone) {
  for (const auto& text : {std::string{}, std::string{"hello\n"}, cursor(1) + "\nx", std::string(1'000'000, '0')}) {
    std::ofstream{path} << text;
    auto opened = cursor_file::open(path);
    CAF_CHECK(!opened);
    CAF_CHECK_EQUAL(std::filesystem::file_size(path), text.size());
  }
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  CAF_CHECK(!cursor_file::open(path));
}

CAF_TEST(a place where it cannot be written is refused at once) {
  CAF_CHECK(!cursor_file::open(folder + "/missing/cursor"));
}

CAF_TEST(only events that are written count as handled) {
  auto testee = keeper();
  testee.took(cursor(1), 0);
  testee.progress(1, 0, true, now);
  CAF_CHECK_EQUAL(kept(), 0u);
  testee.took(cursor(2), 1);
  testee.progress(2, 1, true, now);
  CAF_CHECK_EQUAL(kept(), 1u);
  testee.finish(2, 2, true);
  CAF_CHECK_EQUAL(kept(), 2u);
}

CAF_TEST(an event on which a command still works is not handled) {
  auto testee = keeper();
  testee.took(cursor(1), 0);
  testee.progress(1, 1, false, now);
  CAF_CHECK_EQUAL(kept(), 0u);
  testee.took(cursor(2), 1); // so the first is done
  testee.progress(2, 2, false, now);
  CAF_CHECK_EQUAL(kept(), 1u);
  testee.finish(2, 2, false);
  CAF_CHECK_EQUAL(kept(), 1u);
}

CAF_TEST(an event that has failed is not handled and those before it are) {
  auto testee = keeper();
  testee.took(cursor(1), 0);
  testee.took(cursor(2), 1);
  testee.fail();
  testee.finish(2, 2, true);
  CAF_CHECK_EQUAL(kept(), 1u);
}

CAF_TEST(an event of which nothing is printed is handled with the next one) {
  auto testee = keeper();
  testee.took(cursor(1), 0);
  testee.progress(0, 0, true, now);
  CAF_CHECK_EQUAL(kept(), 1u);
}

CAF_TEST(while events come it is saved at most once per pace) {
  auto testee = keeper();
  for (uint64_t i = 1; i <= 5; ++i) {
    testee.took(cursor(i), i - 1);
    testee.progress(i, i, true, now);
  }
  CAF_CHECK_EQUAL(kept(), 1u);
  CAF_REQUIRE(testee.due());
  CAF_CHECK(*testee.due() == now + cursor_keeper::pace);
  testee.progress(5, 5, true, now + cursor_keeper::pace);
  CAF_CHECK_EQUAL(kept(), 5u);
  CAF_CHECK(!testee.due());
}

CAF_TEST(a reader that never catches up does not keep it from going on) {
  auto testee = keeper();
  for (uint64_t i = 1; i <= 100; ++i) {
    testee.took(cursor(i), i - 1);
    testee.progress(i, i < 10 ? 0 : i - 10, true, now);
    now += cursor_keeper::pace;
  }
  CAF_CHECK(kept() > 70u);
  CAF_CHECK(kept() <= 90u);
}

CAF_TEST_FIXTURE_SCOPE_END()
