// Every option, through every way of setting it.
#include "config/config_file.hpp"
#include "config/effective_config.hpp"
#include "config/options.hpp"
#include "tests/support/option_origin.hpp"
#include "tests/support/sample_values.hpp"
#include "tests/support/temp_dir.hpp"

#include <algorithm>
#include <fstream>
#include <map>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

std::string in_quotes(const std::string& value) {
  std::string result = "\"";
  for (auto c : value) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + '"';
}

struct fixture {
  test::temp_dir tmp;
  std::map<std::string, std::string> variables{{"CAFBUS_CONFIG", tmp / "cafbus.conf"}};
  flag_values flags;

  fixture() { write(""); }

  void write(const std::string& text) const { std::ofstream{tmp / "cafbus.conf"} << text; }

  loaded_options load() const {
    auto result = load_options(flags, [this](const std::string& name) -> std::optional<std::string> {
      auto i = variables.find(name);
      return i == variables.end() ? std::nullopt : std::optional{i->second};
    });
    if (!result)
      CAF_FAIL(result.error().text);
    return *std::move(result);
  }

  void expect(const std::string& name, const std::string& value, origin from) const {
    auto x = load();
    CAF_CHECK_EQUAL(find_option(name)->text(x.values), value);
    CAF_CHECK(test::origin_of(x, name) == from);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(option_loading_tests, fixture)

CAF_TEST(the table of samples has every option) {
  for (const auto& x : option_table())
    CAF_CHECK_EQUAL(std::ranges::count(test::samples, x.name, &test::sample_values::option), 1);
}

CAF_TEST(every option can be set in the file and in the environment and by a flag each beating the one before) {
  for (const auto& [name, values] : test::samples) {
    CAF_MESSAGE(name);
    const auto* option = find_option(name);
    CAF_REQUIRE(option != nullptr);
    for (const auto& value : values)
      CAF_CHECK_NOT_EQUAL(value, option->text(serve_options{}));
    expect(name, option->text(serve_options{}), origin::default_value);
    write("# comment\n" + name + " = " + in_quotes(values[0]) + '\n');
    expect(name, values[0], origin::file);
    variables[option->env] = values[1];
    expect(name, values[1], origin::environment);
    flags = {{name, values[2]}};
    expect(name, values[2], origin::flag);
    flags.clear();
    variables.erase(option->env);
    write("");
  }
}

CAF_TEST(every option is refused with the place of a wrong value) {
  const std::string wrong = "//="; // no number, duration, name or level; a path, though
  for (const auto& x : option_table()) {
    if (x.name == "dir" || x.placeholder == "FILE")
      continue;
    write("\n" + x.name + " = " + wrong + '\n');
    auto result = load_options({}, [this](const std::string& name) -> std::optional<std::string> {
      return name == "CAFBUS_CONFIG" ? std::optional{tmp / "cafbus.conf"} : std::nullopt;
    });
    CAF_REQUIRE(!result);
    CAF_CHECK(result.error().text.starts_with((tmp / "cafbus.conf") + ":2: " + x.name + ": "));
  }
}

CAF_TEST(the place of each value is remembered) {
  write("drain = 1s\nsource = exec:a\nsource = exec:b\n");
  auto places = [this](const char* name) {
    return load().places[static_cast<size_t>(find_option(name) - option_table().data())];
  };
  auto file = tmp / "cafbus.conf";
  CAF_CHECK_EQUAL(places("drain"), (std::vector<std::string>{file + ":1"}));
  CAF_CHECK_EQUAL(places("source"), (std::vector<std::string>{file + ":2", file + ":3"}));
  CAF_CHECK(places("app").empty());
  variables["CAFBUS_DRAIN"] = "2s";
  CAF_CHECK_EQUAL(places("drain"), (std::vector<std::string>{"CAFBUS_DRAIN"}));
  flags = {{"drain", "3s"}, {"source", "exec:c"}};
  CAF_CHECK_EQUAL(places("drain"), (std::vector<std::string>{"--drain"}));
  CAF_CHECK_EQUAL(places("source"), (std::vector<std::string>{"--source"}));
}

CAF_TEST_FIXTURE_SCOPE_END()
