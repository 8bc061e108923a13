#include "cli/log_reader.hpp"

#include "config/log_file.hpp"
#include "tests/support/temp_dir.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

/// A log of which a file takes two lines.
struct log_fixture {
  log_fixture() { CAF_REQUIRE(file.open()); }

  void write(int from, int to) {
    for (int i = from; i <= to; ++i)
      file.write(std::to_string(i) + '\n');
  }

  std::string so_far(std::optional<uint64_t> lines = {}) { return text(reader.so_far(lines)); }
  std::string last(uint64_t lines) const { return text(log_reader{path, 3}.so_far(lines)); }

  static std::string text(const result<std::string>& x) { return x ? *x : x.error().text; }

  test::temp_dir tmp;
  std::string path = tmp / "bus.log";
  log::log_file file{path, 4, 3};
  log_reader reader{path, 3};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(log_reader_tests, log_fixture)

CAF_TEST(old files are read before the new one) {
  write(1, 7);
  CAF_CHECK_EQUAL(so_far(), "1\n2\n3\n4\n5\n6\n7\n");
}

CAF_TEST(the last lines may stand in several files) {
  write(1, 7);
  CAF_CHECK_EQUAL(last(0), "");
  CAF_CHECK_EQUAL(last(1), "7\n");
  CAF_CHECK_EQUAL(last(4), "4\n5\n6\n7\n");
  CAF_CHECK_EQUAL(last(100), "1\n2\n3\n4\n5\n6\n7\n");
}

CAF_TEST(without a file there is an error and later the lines of one that appears) {
  std::filesystem::remove(path);
  auto none = reader.so_far({});
  CAF_REQUIRE(!none);
  CAF_CHECK(none.error().kind == failure_kind::not_found);
  CAF_CHECK_EQUAL(reader.more(), "");
  CAF_REQUIRE(file.open());
  write(1, 1);
  CAF_CHECK_EQUAL(reader.more(), "1\n");
}

CAF_TEST(what comes is read once across rotations) {
  write(1, 1);
  CAF_CHECK_EQUAL(so_far(), "1\n");
  CAF_CHECK_EQUAL(reader.more(), "");
  write(2, 3);
  CAF_CHECK_EQUAL(reader.more(), "2\n3\n");
  write(4, 8); // rotated twice between two looks
  CAF_CHECK_EQUAL(reader.more(), "4\n5\n6\n7\n8\n");
  CAF_CHECK_EQUAL(reader.more(), "");
}

CAF_TEST(a file that somebody has moved away is left for the new one) {
  write(1, 1);
  CAF_CHECK_EQUAL(so_far(), "1\n");
  std::filesystem::rename(path, tmp / "kept");
  CAF_REQUIRE(file.open());
  write(2, 3);
  CAF_CHECK_EQUAL(reader.more(), "2\n3\n");
}

CAF_TEST(a file that somebody has emptied is read from its beginning) {
  write(1, 2);
  CAF_CHECK_EQUAL(so_far(), "1\n2\n");
  CAF_REQUIRE_EQUAL(::truncate(path.c_str(), 0), 0);
  std::ofstream{path, std::ios::app} << "3\n";
  CAF_CHECK_EQUAL(reader.more(), "3\n");
}

CAF_TEST_FIXTURE_SCOPE_END()
