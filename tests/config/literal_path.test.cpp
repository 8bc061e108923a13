#include "config/literal_path.hpp"

#include "support/temp_dir.hpp"

#include <fstream>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

std::string literal_refusal(const std::string& path) {
  auto checked = check_literal_path(path);
  return checked ? "" : checked.error().text;
}

} // namespace

CAF_TEST(what a shell would replace is refused with the way out) {
  for (const auto* path : {"~/x", "~", "/nowhere/$HOME/x", "${HOME}/x", "$_x", "/etc/a$b"})
    CAF_CHECK(literal_refusal(path).find("write the whole path") != std::string::npos);
  for (const auto* path : {"\"$HOME/x\"", "/etc/\"/x\"", "'/x'"})
    CAF_CHECK(literal_refusal(path).find("leave them out") != std::string::npos);
}

CAF_TEST(a name that no shell would change is taken) {
  for (const auto* path :
       {"/nowhere/x", "/nowhere/x~", "/nowhere/~x", "/nowhere/$1", "/nowhere/5$", "/nowhere/Bob's", ""})
    CAF_CHECK_EQUAL(literal_refusal(path), "");
}

CAF_TEST(a path that exists is taken whatever it is) {
  test::temp_dir tmp;
  const auto path = tmp / "$HOME 'x' \"y\"";
  CAF_CHECK(literal_refusal(path) != "");
  std::ofstream{path};
  CAF_CHECK_EQUAL(literal_refusal(path), "");
}
