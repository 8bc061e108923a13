#include "actors/position_file.hpp"

#include "tests/support/temp_dir.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace fs = std::filesystem;

namespace {

using positions = std::vector<file_position>;

struct fixture {
  test::temp_dir tmp;
  std::string folder = tmp / "positions";
  position_file testee{folder, "file:/var/log/events"};
  positions some = {{1, 2, 300, 4, 5}, {1, 7, 800, 9, UINT64_MAX}};

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& x : fs::directory_iterator{folder})
      result.push_back(x.path().filename());
    return result;
  }

  /// Where the testee keeps its positions.
  std::string path() const {
    auto found = names();
    CAF_REQUIRE_EQUAL(found.size(), 1u);
    return folder + '/' + found[0];
  }

  void write(const std::string& text) const {
    testee.save(some);
    std::ofstream{path()} << text;
  }
};

std::string with(const std::string& lines) {
  return "cafbus positions 1\n" + lines;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(position_file_tests, fixture)

CAF_TEST(what was saved is loaded by the next one of the same source) {
  testee.save(some);
  CAF_CHECK((position_file{folder, "file:/var/log/events"}).load() == some);
}

CAF_TEST(each source has a file of its own) {
  testee.save(some);
  position_file other{folder, "file:/var/log/others"};
  CAF_CHECK(other.load().empty());
  other.save({some[0]});
  CAF_CHECK(testee.load() == some);
  CAF_CHECK_EQUAL(names().size(), 2u);
}

CAF_TEST(a later save replaces the earlier one and leaves nothing beside it) {
  testee.save(some);
  testee.save({some[1]});
  CAF_CHECK(testee.load() == positions{some[1]});
  CAF_CHECK_EQUAL(names().size(), 1u);
}

CAF_TEST(one without a folder remembers nothing) {
  position_file none;
  none.save(some);
  CAF_CHECK(none.load().empty());
}

CAF_TEST(folder and file are for their owner alone) {
  testee.save(some);
  struct stat info {};
  CAF_REQUIRE_EQUAL(::stat(folder.c_str(), &info), 0);
  CAF_CHECK_EQUAL(info.st_mode & 0777, 0700u);
  CAF_REQUIRE_EQUAL(::stat(path().c_str(), &info), 0);
  CAF_CHECK_EQUAL(info.st_mode & 0777, 0600u);
}

CAF_TEST(no file and nothing saved is no position) {
  CAF_CHECK(testee.load().empty());
  testee.save({});
  CAF_CHECK(names().empty());
}

CAF_TEST(a file that is damaged counts as nothing) {
  for (const auto& text : {std::string{}, std::string{"nonsense\n"}, std::string{"cafbus positions 2\n1 2 3 4 5\n"},
                           with("1 2 3 4\n"), with("1 2 3 4 5"), with("1 2 3 4 5\nx\n")}) {
    write(text);
    CAF_CHECK(testee.load().empty());
  }
}

CAF_TEST(no more than eight positions are believed) {
  std::string lines;
  for (int i = 0; i < 20; ++i)
    lines += std::to_string(i) + " 2 3 4 5\n";
  write(with(lines));
  auto loaded = testee.load();
  CAF_REQUIRE_EQUAL(loaded.size(), 8u);
  CAF_CHECK_EQUAL(loaded[7].device, 7u);
}

CAF_TEST(a link in the place of the file is not followed) {
  testee.save(some);
  auto place = path();
  fs::rename(place, tmp / "elsewhere");
  auto size = fs::file_size(tmp / "elsewhere");
  fs::create_symlink(tmp / "elsewhere", place);
  CAF_CHECK(testee.load().empty());
  testee.save({some[1]});
  CAF_CHECK(testee.load() == positions{some[1]});
  CAF_CHECK_EQUAL(fs::file_size(tmp / "elsewhere"), size);
}

CAF_TEST(a file that was left half written by a kill does not hinder the next save) {
  testee.save(some);
  std::ofstream{path() + ".new"} << "half";
  testee.save({some[1]});
  CAF_CHECK(testee.load() == positions{some[1]});
  CAF_CHECK_EQUAL(names().size(), 1u);
}

CAF_TEST(the files that were not written for longest are removed) {
  fs::create_directories(folder);
  auto now = fs::file_time_type::clock::now();
  for (int age : {5, 1, 4, 2, 3}) {
    auto path = folder + '/' + std::to_string(age);
    std::ofstream{path} << "x";
    fs::last_write_time(path, now - std::chrono::hours{age});
  }
  limit_position_files(folder, 5);
  CAF_CHECK_EQUAL(names().size(), 5u);
  limit_position_files(folder, 2);
  auto left = names();
  std::ranges::sort(left);
  CAF_CHECK_EQUAL(left, (std::vector<std::string>{"1", "2"}));
}

CAF_TEST(a folder that is not there has no files to remove) {
  limit_position_files(tmp / "nowhere", 0);
  CAF_CHECK(!fs::exists(tmp / "nowhere"));
}

CAF_TEST_FIXTURE_SCOPE_END()
