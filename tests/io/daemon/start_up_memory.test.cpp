#include "io/daemon/start_up_memory.hpp"

#include <fstream>
#include <string>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

namespace {

long resident_pages() {
  std::ifstream in{"/proc/self/statm"};
  long all = 0;
  long resident = 0;
  in >> all >> resident;
  return resident;
}

} // namespace

CAF_TEST(pages of code are given back and come again when they are needed) {
  auto before = resident_pages();
  cafbus::release_start_up_memory();
  CAF_CHECK(resident_pages() < before);
  CAF_CHECK_EQUAL(std::to_string(1.5).substr(0, 3), "1.5");
}

CAF_TEST(what the program has written stays) {
  static std::string changed;
  changed = std::string(100'000, 'x');
  cafbus::release_start_up_memory();
  CAF_CHECK_EQUAL(changed, std::string(100'000, 'x'));
}
