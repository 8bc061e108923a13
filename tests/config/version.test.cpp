#include "config/version.hpp"

#include <algorithm>
#include <string>

#include <caf/test/unit_test.hpp>

CAF_TEST(the version is three numbers) {
  const std::string x = cafbus::version();
  CAF_CHECK_EQUAL(std::count(x.begin(), x.end(), '.'), 2);
  CAF_CHECK_EQUAL(x.find_first_not_of("0123456789."), std::string::npos);
}
