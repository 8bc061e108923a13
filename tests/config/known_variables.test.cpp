#include "config/known_variables.hpp"

#include "config/options.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

using texts = std::vector<std::string>;

texts explained(const texts& names) {
  return explain_unknown_variables(names);
}

} // namespace

CAF_TEST(the variable of each option is known) {
  texts names{"CAFBUS_CONFIG"};
  for (const auto& x : option_table())
    names.push_back(x.env);
  CAF_CHECK_EQUAL(explained(names), texts{});
}

CAF_TEST(variables that commands are given are known) {
  CAF_CHECK_EQUAL(explained({"CAFBUS_EVENT_ID", "CAFBUS_SUBSCRIPTION_ID", "CAFBUS_DAEMON"}), texts{});
}

CAF_TEST(variables of others are none of our business) {
  CAF_CHECK_EQUAL(explained({"PATH", "CAFBU", "XCAFBUS_APP", "cafbus_app"}), texts{});
}

CAF_TEST(a mistyped variable is told with the one that was meant) {
  auto told = explained({"CAFBUS_IDLE_TIMOUT"});
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK_EQUAL(told[0].find("the variable CAFBUS_IDLE_TIMOUT is unknown"), 0u);
  CAF_CHECK(told[0].find("CAFBUS_IDLE_TIMEOUT") != std::string::npos);
}

CAF_TEST(one that resembles none is told without a guess and all are in order) {
  CAF_CHECK_EQUAL(explained({"CAFBUS_ZZZZZZZZ", "CAFBUS_QQQQQQQQ"}),
                  (texts{"the variable CAFBUS_QQQQQQQQ is unknown", "the variable CAFBUS_ZZZZZZZZ is unknown"}));
}
