#include "cli/hook_surroundings.hpp"

#include "config/defaults.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

struct added {
  hello greeting;
  result<std::vector<std::string>> warnings{std::vector<std::string>{}};
};

added add(std::vector<std::string> variables) {
  std::vector<const char*> pointers;
  for (const auto& x : variables)
    pointers.push_back(x.c_str());
  pointers.push_back(nullptr);
  added x;
  x.warnings = add_hook_surroundings(x.greeting, pointers.data());
  return x;
}

/// A variable that takes up so much, as the bus counts it.
std::string variable_of(const std::string& name, size_t bytes) {
  return name + '=' + std::string(bytes - name.size() - 2, 'x');
}

} // namespace

CAF_TEST(environment and folder and umask are those of this process) {
  auto before = ::umask(027);
  auto x = add({"A=1=2", "EMPTY=", "A=later", "=C:=x", "no variable"});
  ::umask(before);
  CAF_REQUIRE(x.warnings);
  CAF_CHECK(x.warnings->empty());
  CAF_CHECK(x.greeting.hook_env == (std::map<std::string, std::string>{{"A", "1=2"}, {"EMPTY", ""}}));
  CAF_CHECK_EQUAL(::access(x.greeting.hook_dir.c_str(), F_OK), 0);
  CAF_CHECK_EQUAL(x.greeting.hook_umask.value_or(0), 027u);
}

CAF_TEST(what is not utf8 is left out and named) {
  auto x = add({"A=caf\xe9", "B=caf\xc3\xa9", "\xff=1"});
  CAF_REQUIRE(x.warnings);
  CAF_REQUIRE_EQUAL(x.warnings->size(), 1u);
  CAF_CHECK(x.warnings->front().ends_with(": A, \xff"));
  CAF_CHECK(x.greeting.hook_env == (std::map<std::string, std::string>{{"B", "caf\xc3\xa9"}}));
}

CAF_TEST(of many that are left out a few are named) {
  auto x = add({"A=\xff", "B=\xff", "C=\xff", "D=\xff", "E=\xff", "F=\xff", "G=\xff"});
  CAF_REQUIRE(x.warnings);
  CAF_CHECK(x.warnings->front().ends_with(": A, B, C, D, E and 2 more"));
}

CAF_TEST(an environment as large as the bus takes is sent) {
  auto most = defaults::max_hook_env_bytes;
  CAF_CHECK(add({variable_of("A", most)}).warnings);
  CAF_CHECK(!add({variable_of("A", most), "B="}).warnings);
}

CAF_TEST(a larger one is refused with the way out) {
  auto x = add({variable_of("SMALL", 1'000), variable_of("BIG", 65'000)});
  CAF_REQUIRE(!x.warnings);
  CAF_CHECK_EQUAL(x.warnings.error().text,
                  "the environment has 66000 bytes, and --on-first and --on-last get at most 65536; the largest "
                  "variable is BIG with 65000 bytes: `env -u BIG cafbus consume ...` runs without it");
}

CAF_TEST(an empty environment is not taken for none) {
  CAF_CHECK_EQUAL(add({}).greeting.hook_env.count("PWD"), 1u);
}

CAF_TEST(another user gets nothing of it) {
  auto x = add({"SECRET=1"}).greeting;
  x.event_key = "k";
  hello bare;
  bare.event_key = "k";
  CAF_CHECK(without_hook_surroundings(x) == bare);
}
