#include "cli/helper_program.hpp"

#include "support/temp_dir.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using cafbus::test::temp_dir;

namespace {

struct fixture {
  temp_dir dir;

  std::string add(const std::string& place, mode_t mode = 0700) {
    auto path = dir / place;
    std::filesystem::create_directories(std::filesystem::path{path}.parent_path());
    std::ofstream{path} << "#!/bin/sh\n";
    ::chmod(path.c_str(), mode);
    return path;
  }

  std::string found() { return find_helper(dir / "bin/cafbus", "cafbus-x"); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(helper_program_tests, fixture)

CAF_TEST(a helper lies beside the program or where it is installed) {
  add("bin/cafbus");
  CAF_CHECK_EQUAL(found(), "");
  add("libexec/cafbus/cafbus-x");
  CAF_CHECK(std::filesystem::equivalent(found(), dir / "libexec/cafbus/cafbus-x"));
  auto beside = add("bin/cafbus-x");
  CAF_CHECK_EQUAL(found(), beside);
}

CAF_TEST(what cannot be run is no helper) {
  add("bin/cafbus-x", 0600);
  if (::geteuid() != 0 || ::access((dir / "bin/cafbus-x").c_str(), X_OK) != 0)
    CAF_CHECK_EQUAL(found(), "");
}

CAF_TEST(this program knows its own file) {
  CAF_CHECK(own_program().ends_with("cafbus_cli_test"));
}

CAF_TEST(a helper that is gone is a failure) {
  CAF_CHECK_EQUAL(become(dir / "gone", {"gone"}), 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
