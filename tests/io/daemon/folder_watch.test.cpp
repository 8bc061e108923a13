#include "io/daemon/folder_watch.hpp"

#include "tests/support/temp_dir.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

/// The kernel tells of a change before the call that makes it returns.
bool told(const folder_watch& x) {
  pollfd place{x.fd(), POLLIN, 0};
  return ::poll(&place, 1, 0) == 1;
}

struct fixture {
  fixture() {
    ::mkdir((tmp / "bus").c_str(), 0700);
    ::mkdir(folder.c_str(), 0700);
  }

  test::temp_dir tmp;
  std::string folder = tmp / "bus/app";
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(folder_watch_tests, fixture)

CAF_TEST(files that come and go and are replaced are told) {
  folder_watch watch{folder};
  CAF_REQUIRE(watch.good());
  CAF_CHECK(!told(watch));
  std::ofstream{folder + "/a"}.close();
  CAF_CHECK(told(watch));
  watch.clear();
  ::rename((folder + "/a").c_str(), (folder + "/b").c_str());
  CAF_CHECK(told(watch));
  watch.clear();
  ::unlink((folder + "/b").c_str());
  CAF_CHECK(told(watch));
}

CAF_TEST(what was told is forgotten when it is cleared) {
  folder_watch watch{folder};
  for (int i = 0; i < 500; ++i)
    std::ofstream{folder + "/file-" + std::to_string(i)}.close();
  watch.clear();
  CAF_CHECK(!told(watch));
}

CAF_TEST(what is written into a file is not told) {
  std::ofstream file{folder + "/log"};
  folder_watch watch{folder};
  file << "a line" << std::endl;
  CAF_CHECK(!told(watch));
}

CAF_TEST(a folder that is moved or deleted is told) {
  folder_watch watch{folder};
  ::rename(folder.c_str(), (folder + ".moved").c_str());
  CAF_CHECK(told(watch));
  watch.clear();
  ::rmdir((folder + ".moved").c_str());
  CAF_CHECK(told(watch));
}

CAF_TEST(a folder above that is moved is told) {
  folder_watch watch{folder};
  ::rename((tmp / "bus").c_str(), (tmp / "moved").c_str());
  CAF_CHECK(told(watch));
}

CAF_TEST(there is no watch on what is no folder) {
  std::ofstream{folder + "/file"}.close();
  CAF_CHECK(!folder_watch{folder + "/file"}.good());
  CAF_CHECK(!folder_watch{folder + "/none"}.good());
}

CAF_TEST_FIXTURE_SCOPE_END()
