#include "cli/serve_checks.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

std::string refusal(const flag_values& flags, bool in_background) {
  auto options = load_options(flags, [](const std::string& name) -> std::optional<std::string> {
    if (name == "CAFBUS_CONFIG")
      return "/dev/null";
    return name == "CAFBUS_SOURCE" ? std::optional<std::string>{"exec:true\nstdin"} : std::nullopt;
  });
  CAF_REQUIRE(options);
  auto checked = check_serve_options(*options, in_background);
  return checked ? "" : checked.error().text;
}

} // namespace

CAF_TEST(standard input is a source in the foreground only) {
  CAF_CHECK_EQUAL(refusal({}, false), "");
  const auto why = refusal({}, true);
  CAF_CHECK(why.starts_with("CAFBUS_SOURCE: source 'stdin': a bus in the background has no standard input; run "));
}

CAF_TEST(a source that cannot work is refused with its place) {
  CAF_CHECK(
      refusal({{"source", "exec:true"}, {"source", "file:~/x"}}, false).starts_with("--source: source 'file:~/x': "));
  CAF_CHECK(refusal({{"source", "file:/nowhere/x"}, {"source", "file:/nowhere/./x"}}, true)
                .find("the same events as the source 'file:/nowhere/x'") != std::string::npos);
  CAF_CHECK_EQUAL(refusal({{"source", "file:/nowhere/x"}, {"source", "exec:true"}}, true), "");
}

CAF_TEST(links that cannot be are refused by every command that starts a bus) {
  CAF_CHECK(refusal({{"source", "node:127.0.0.1:4000"}}, true).find("insecure-network") != std::string::npos);
  CAF_CHECK(refusal({{"source", "exec:true"}, {"node-certificate", "x.pem"}}, true).find("node-ca") !=
            std::string::npos);
  CAF_CHECK_EQUAL(refusal({{"source", "node:unix:/run/link.sock"}}, true), "");
}
