#include "io/daemon/restarter.hpp"

#include <caf/test/unit_test.hpp>

#include <cstdlib>

using namespace cafbus;
using namespace std::string_view_literals;

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "unset" : value;
}

} // namespace

CAF_TEST(a daemon that a command has started is known by its word to it) {
  CAF_CHECK(parse_predecessor("cafbus\0serve\0--dir\0/run/x\0--ready-fd\0"
                              "3\0"sv,
                              "")
                .in_background);
  CAF_CHECK(!parse_predecessor("cafbus\0serve\0--dir\0--ready-fd-like\0"sv, "").in_background);
  CAF_CHECK(!parse_predecessor("", "").in_background);
}

CAF_TEST(only variables of the bus are handed over) {
  auto x = parse_predecessor("", "PATH=/bin\0CAFBUS_DRAIN=1s\0CAFBUS_SOURCE=a\nb=c\0CAFBUS_X\0XCAFBUS_Y=1\0"sv);
  CAF_CHECK(x.variables == (std::vector<std::string>{"CAFBUS_DRAIN=1s", "CAFBUS_SOURCE=a\nb=c"}));
}

CAF_TEST(variables of the old bus take the place of ours) {
  ::setenv("CAFBUS_DRAIN", "5s", 1);
  ::setenv("CAFBUS_MAX_HOOKS", "3", 1);
  ::setenv("CAFBUSY", "yes", 1);
  adopt_variables({"CAFBUS_DRAIN=1s", "CAFBUS_LOG_LEVEL=a=b"});
  CAF_CHECK_EQUAL(variable("CAFBUS_DRAIN"), "1s");
  CAF_CHECK_EQUAL(variable("CAFBUS_LOG_LEVEL"), "a=b");
  CAF_CHECK_EQUAL(variable("CAFBUS_MAX_HOOKS"), "unset");
  CAF_CHECK_EQUAL(variable("CAFBUSY"), "yes");
  adopt_variables({});
  CAF_CHECK_EQUAL(variable("CAFBUS_DRAIN"), "unset");
}

CAF_TEST(a process that is not there cannot be taken after) {
  CAF_CHECK(!read_predecessor(0x7fffffff));
}
