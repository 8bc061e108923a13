#include "cli/program.hpp"

#include <string>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

std::string mistake(const std::vector<std::string>& arguments) {
  auto chosen = parse_command_line(arguments);
  if (chosen)
    CAF_FAIL("taken");
  return chosen.error().text;
}

} // namespace

CAF_TEST(every command is understood) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"serve"},
                                                                     {"consume", "k"},
                                                                     {"publish"},
                                                                     {"publish", "-"},
                                                                     {"http"},
                                                                     {"http", "--listen", "[::1]:0"},
                                                                     {"start"},
                                                                     {"status"},
                                                                     {"stop"},
                                                                     {"version"},
                                                                     {"help"},
                                                                     {"help", "stop"},
                                                                     {"--help"},
                                                                     {"-h"},
                                                                     {"-V"},
                                                                     {"--version"},
                                                                     {"consume", "-h"},
                                                                     {}})
    CAF_CHECK(parse_command_line(arguments));
}

CAF_TEST(options may stand before and behind an argument) {
  CAF_CHECK(parse_command_line({"consume", "--timeout", "5s", "k"}));
  CAF_CHECK(parse_command_line({"consume", "k", "--timeout=5s"}));
  CAF_CHECK(parse_command_line({"consume", "--", "k"}));
}

CAF_TEST(a mistyped name brings the right one to mind) {
  CAF_CHECK_EQUAL(mistake({"pubish"}), "there is no command 'pubish'; did you mean publish?");
  CAF_CHECK_EQUAL(mistake({"stop", "--forse"}), "stop has no option --forse; did you mean --force?");
}

CAF_TEST(a flag that takes no value refuses one) {
  CAF_CHECK_EQUAL(mistake({"stop", "--force=no"}), "--force takes no value; see: cafbus stop --help");
}

CAF_TEST(hidden options are not suggested) {
  CAF_CHECK_EQUAL(mistake({"serve", "--ready-f", "1"}), "serve has no option --ready-f; see: cafbus serve --help");
}
