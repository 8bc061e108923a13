#include "config/effective_config.hpp"

#include "config/config_file.hpp"
#include "tests/support/sample_values.hpp"
#include "tests/support/temp_dir.hpp"

#include <fstream>
#include <map>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

struct fixture {
  test::temp_dir tmp;
  std::string path = tmp / "cafbus.conf";
  std::map<std::string, std::string> variables{{"CAFBUS_CONFIG", path}, {"HOME", "/home/me"}};
  flag_values flags;

  fixture() { write(""); }

  void write(const std::string& text) const { std::ofstream{path} << text; }

  environment env() const {
    return [this](const std::string& name) -> std::optional<std::string> {
      auto i = variables.find(name);
      return i == variables.end() ? std::nullopt : std::optional{i->second};
    };
  }

  loaded_options load() const {
    auto result = load_options(flags, env());
    if (!result)
      CAF_FAIL(result.error().text);
    return *std::move(result);
  }

  std::string text() const { return effective_config(load(), env()); }

  void expect_line(const std::string& line) const {
    CAF_CHECK(("\n" + text()).find("\n" + line + "\n") != std::string::npos);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(effective_config_tests, fixture)

CAF_TEST(defaults are there as such) {
  expect_line("idle-timeout = 30s   # default");
  expect_line("dir = /home/me/.cafbus   # default");
  expect_line("# source is not set   # default");
}

CAF_TEST(each value has its origin) {
  write("\nidle-timeout = 1s\nsource = exec:a\nsource = \"exec:b # c\"\n");
  variables["CAFBUS_DRAIN"] = "1s";
  flags = {{"log-level", "debug"}};
  expect_line("idle-timeout = 1s   # " + path + ":2");
  expect_line("source = exec:a   # " + path + ":3");
  expect_line("source = \"exec:b # c\"   # " + path + ":4");
  expect_line("drain = 1s   # environment");
  expect_line("log-level = debug   # flag");
}

CAF_TEST(a value of several lines stands in a comment) {
  flags = {{"source", "exec:a\nb"}};
  expect_line("# source = \"exec:a\\nb\"   # flag, in more than one line");
}

CAF_TEST(it is a config file that says the same) {
  for (size_t i = 0; i < 3; ++i) {
    flags.clear();
    for (const auto& x : test::samples)
      flags.emplace_back(x.option, x.values[i]);
    auto before = load().values;
    write(text());
    flags.clear();
    auto after = load().values;
    for (const auto& x : option_table())
      CAF_CHECK_EQUAL(x.text(after), x.text(before));
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
