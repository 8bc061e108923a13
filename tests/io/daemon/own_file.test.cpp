#include "io/daemon/own_file.hpp"

#include "tests/support/temp_dir.hpp"

#include <unistd.h>

#include <fstream>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using state = own_file::state;

namespace {

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

struct fixture {
  /// Makes the file and keeps it open, as its owner must.
  own_file made() {
    keeper.open(path);
    return own_file{path};
  }

  /// Puts another file in its place.
  void replace() {
    std::ofstream{path + ".other"} << "other";
    ::rename((path + ".other").c_str(), path.c_str());
  }

  test::temp_dir tmp;
  std::string path = tmp / "bus.sock";
  std::ofstream keeper;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(own_file_tests, fixture)

CAF_TEST(a file that was not there is gone) {
  CAF_CHECK(own_file{}.look() == state::gone);
  CAF_CHECK(own_file{path}.look() == state::gone);
}

CAF_TEST(a file stays ours until it is deleted) {
  auto file = made();
  CAF_CHECK(file.look() == state::ours);
  ::unlink(path.c_str());
  CAF_CHECK(file.look() == state::gone);
}

CAF_TEST(another file of the same name is not ours) {
  auto file = made();
  replace();
  CAF_CHECK(file.look() == state::replaced);
}

CAF_TEST(a link to our file is not our file) {
  auto file = made();
  ::rename(path.c_str(), (path + ".moved").c_str());
  CAF_REQUIRE_EQUAL(::symlink((path + ".moved").c_str(), path.c_str()), 0);
  CAF_CHECK(file.look() == state::replaced);
}

CAF_TEST(only our own file is removed) {
  auto file = made();
  file.remove();
  CAF_CHECK(!exists(path));
  auto next = made();
  replace();
  next.remove();
  CAF_CHECK(exists(path));
}

CAF_TEST_FIXTURE_SCOPE_END()
