#include "config/options.hpp"
#include "config/known_variables.hpp"

#include "config/config_file.hpp"
#include "tests/support/option_origin.hpp"
#include "tests/support/temp_dir.hpp"

#include <fstream>
#include <map>
#include <set>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct fixture {
  test::temp_dir tmp;
  std::map<std::string, std::string> values{{"CAFBUS_CONFIG", "/dev/null"}};
  flag_values flags;

  void write_config(const std::string& text) {
    std::ofstream{tmp / "cafbus.conf"} << text;
    values["CAFBUS_CONFIG"] = tmp / "cafbus.conf";
  }

  result<loaded_options> load() const {
    return load_options(flags, [this](const std::string& name) -> std::optional<std::string> {
      auto i = values.find(name);
      return i == values.end() ? std::nullopt : std::optional{i->second};
    });
  }

  loaded_options loaded() const {
    auto result = load();
    if (!result)
      CAF_FAIL(result.error().text);
    return *std::move(result);
  }

  std::string error() const {
    auto result = load();
    return result ? "" : result.error().text;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(options_tests, fixture)

CAF_TEST(without anything set the defaults hold) {
  auto x = loaded();
  CAF_CHECK_EQUAL(x.values.app, "default");
  CAF_CHECK(x.values.bus.idle_timeout == defaults::idle_timeout);
  CAF_CHECK_EQUAL(x.values.bus.queue_capacity, defaults::queue_capacity);
  CAF_CHECK(test::origin_of(x, "idle-timeout") == origin::default_value);
  CAF_CHECK_EQUAL(x.file, "/dev/null");
}

CAF_TEST(every default can be read back by its own option) {
  for (const auto& x : option_table()) {
    serve_options options;
    if (auto text = x.text(options); !text.empty()) {
      CAF_CHECK(x.set(options, text));
      CAF_CHECK_EQUAL(x.text(options), text);
    }
  }
}

CAF_TEST(every option has texts and a variable that follow from its name) {
  std::set<std::string> names;
  for (const auto& x : option_table()) {
    CAF_CHECK(names.insert(x.name).second);
    CAF_CHECK(x.env.starts_with("CAFBUS_"));
    CAF_CHECK(!x.help.empty() && !x.allowed.empty() && !x.placeholder.empty());
  }
  CAF_REQUIRE(find_option("idle-timeout") != nullptr);
  CAF_CHECK_EQUAL(find_option("idle-timeout")->env, "CAFBUS_IDLE_TIMEOUT");
  CAF_CHECK(find_option("nope") == nullptr);
}

CAF_TEST(a flag beats the environment beats the file beats the default) {
  write_config("idle-timeout = 1s\nqueue-capacity = 1\nwrite-timeout = 1s\n");
  values["CAFBUS_IDLE_TIMEOUT"] = "2s";
  values["CAFBUS_QUEUE_CAPACITY"] = "2";
  flags = {{"idle-timeout", "3s"}};
  auto x = loaded();
  CAF_CHECK(x.values.bus.idle_timeout == 3s);
  CAF_CHECK_EQUAL(x.values.bus.queue_capacity, 2u);
  CAF_CHECK(x.values.bus.write_timeout == 1s);
  CAF_CHECK(x.values.bus.dedup_ttl == defaults::dedup_ttl);
  CAF_CHECK(test::origin_of(x, "idle-timeout") == origin::flag);
  CAF_CHECK(test::origin_of(x, "queue-capacity") == origin::environment);
  CAF_CHECK(test::origin_of(x, "write-timeout") == origin::file);
  CAF_CHECK(test::origin_of(x, "dedup-ttl") == origin::default_value);
}

CAF_TEST(sources of a winner replace those of the others) {
  write_config("source = stdin\nsource = \"exec:ls -l # not a comment\"\n");
  CAF_CHECK_EQUAL(loaded().values.sources, (std::vector<std::string>{"stdin", "exec:ls -l # not a comment"}));
  values["CAFBUS_SOURCE"] = "file:/a\nfile:/b";
  CAF_CHECK_EQUAL(loaded().values.sources, (std::vector<std::string>{"file:/a", "file:/b"}));
  flags = {{"source", "exec:x"}, {"source", "stdin"}};
  CAF_CHECK_EQUAL(loaded().values.sources, (std::vector<std::string>{"exec:x", "stdin"}));
}

CAF_TEST(the app is told to the bus as well) {
  flags = {{"app", "mine"}, {"dir", "/d"}};
  auto x = loaded();
  CAF_CHECK_EQUAL(x.values.app, "mine");
  CAF_CHECK_EQUAL(x.values.bus.app, "mine");
  CAF_CHECK_EQUAL(x.values.dir, "/d");
}

CAF_TEST(never and zero mean the same where zero has a meaning) {
  for (auto text : {"never", "0"}) {
    flags = {{"idle-timeout", text}};
    CAF_CHECK(loaded().values.bus.idle_timeout == 0s);
  }
  flags = {{"drain", "0"}};
  CAF_CHECK(loaded().values.bus.drain_timeout == 0s);
  flags = {{"drain", "never"}};
  CAF_CHECK(contains(error(), "--drain"));
  flags = {{"write-timeout", "0"}};
  CAF_CHECK(contains(error(), "allowed: 10ms to 365d"));
}

CAF_TEST(values out of bounds are refused with what is allowed) {
  for (auto [name, value] : {std::pair{"queue-capacity", "0"},
                             {"queue-capacity", "4294967296"},
                             {"queue-bytes", "63KiB"},
                             {"idle-timeout", "99ms"},
                             {"idle-timeout", "366d"},
                             {"dedup-capacity", "-1"},
                             {"source-retries", "x"},
                             {"log-level", "loud"},
                             {"source", "tcp:1"},
                             {"source", "file:"},
                             {"app", ".."},
                             {"dir", ""}}) {
    flags = {{name, value}};
    CAF_CHECK(contains(error(), std::string{"--"} + name + ": "));
    CAF_CHECK(contains(error(), "allowed: "));
  }
}

CAF_TEST(standard input can be a source once only) {
  flags = {{"source", "stdin"}, {"source", "stdin"}};
  CAF_CHECK(contains(error(), "stdin can be read once only"));
}

CAF_TEST(an error of the environment names the variable) {
  values["CAFBUS_QUEUE_BYTES"] = "1\n";
  CAF_CHECK(contains(error(), "CAFBUS_QUEUE_BYTES: \"1\\n\""));
}

CAF_TEST(an unknown key is refused with its place and the keys that exist) {
  write_config("# comment\n\nidel-timeout = 5s\n");
  CAF_CHECK(contains(error(), "cafbus.conf:3: unknown key \"idel-timeout\" (value \"5s\")"));
  CAF_CHECK(contains(error(), "; did you mean idle-timeout?"));
  CAF_CHECK(contains(error(), "idle-timeout, "));
}

CAF_TEST(an unknown variable is told with the one that was meant) {
  std::vector<std::string> names{"PATH",          "CAFBUS_IDLE_TIMOUT", "CAFBUS_IDLE_TIMEOUT",
                                 "CAFBUS_CONFIG", "CAFBUS_XYZ_XYZ_XYZ", "CAFBUS_EVENT_TYPE"};
  auto told = explain_unknown_variables(names);
  CAF_REQUIRE_EQUAL(told.size(), 2u);
  CAF_CHECK(contains(told[0], "CAFBUS_IDLE_TIMOUT is unknown; did you mean CAFBUS_IDLE_TIMEOUT?"));
  CAF_CHECK(told[1].ends_with("CAFBUS_XYZ_XYZ_XYZ is unknown"));
}

CAF_TEST(a wrong value in the file is refused with its place) {
  write_config("idle-timeout = 5\n");
  CAF_CHECK(contains(error(), "cafbus.conf:1: idle-timeout: \"5\" has no unit"));
}

CAF_TEST(a key that is there twice is refused) {
  write_config("drain = 1s\nidle-timeout = 5s\ndrain = 2s\n");
  CAF_CHECK(contains(error(), "cafbus.conf:3: drain = \"2s\": already set in line 1"));
}

CAF_TEST(a config file that is asked for must exist) {
  values["CAFBUS_CONFIG"] = tmp / "none";
  CAF_CHECK(contains(error(), "does not exist"));
  values["CAFBUS_CONFIG"] = tmp.path();
  CAF_CHECK(contains(error(), "cannot read"));
}

CAF_TEST(the file in the home folder is found through either variable) {
  std::filesystem::create_directories(tmp / ".config/cafbus");
  std::ofstream{tmp / ".config/cafbus/cafbus.conf"} << "app=home\n";
  values = {{"HOME", tmp.path()}};
  CAF_CHECK_EQUAL(loaded().values.app, "home");
  values = {{"XDG_CONFIG_HOME", tmp / ".config"}, {"HOME", "/nonexistent"}};
  CAF_CHECK_EQUAL(loaded().values.app, "home");
}

CAF_TEST_FIXTURE_SCOPE_END()
