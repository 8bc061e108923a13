#include "config/config_file.hpp"

#include "tests/support/temp_dir.hpp"

#include <sys/stat.h>

#include <fstream>
#include <map>
#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::string_literals;

namespace {

environment env_of(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    auto i = values.find(name);
    return i == values.end() ? std::nullopt : std::optional{i->second};
  };
}

struct fixture {
  fixture() {
    ::mkdir((tmp / "cafbus").c_str(), 0700);
    ::mkdir((tmp / ".config").c_str(), 0700);
    ::mkdir((tmp / ".config/cafbus").c_str(), 0700);
  }

  std::string put(const std::string& name, const std::string& text) {
    auto path = tmp / name;
    std::ofstream{path} << text;
    return path;
  }

  test::temp_dir tmp;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(config_file_tests, fixture)

CAF_TEST(the file of CAFBUS_CONFIG beats that of the user) {
  auto asked = put("mine.conf", "drain = 1s\n");
  put("cafbus/cafbus.conf", "drain = 2s\n");
  auto file = read_config(env_of({{"CAFBUS_CONFIG", asked}, {"XDG_CONFIG_HOME", tmp.path()}}));
  CAF_REQUIRE(file);
  CAF_CHECK_EQUAL(file->path, asked);
  CAF_REQUIRE_EQUAL(file->entries.size(), 1u);
  CAF_CHECK_EQUAL(file->entries[0].value, "1s");
}

CAF_TEST(the folder of XDG_CONFIG_HOME stands in for that below HOME) {
  put("cafbus/cafbus.conf", "drain = 2s\n");
  put(".config/cafbus/cafbus.conf", "drain = 3s\n");
  auto both = read_config(env_of({{"XDG_CONFIG_HOME", tmp.path()}, {"HOME", tmp.path()}}));
  CAF_REQUIRE(both);
  CAF_CHECK_EQUAL(both->entries.at(0).value, "2s");
  auto home = read_config(env_of({{"HOME", tmp.path()}}));
  CAF_REQUIRE(home);
  CAF_CHECK_EQUAL(home->entries.at(0).value, "3s");
}

CAF_TEST(a file that CAFBUS_CONFIG names must exist) {
  auto file = read_config(env_of({{"CAFBUS_CONFIG", tmp / "none"}}));
  CAF_REQUIRE(!file);
  CAF_CHECK(file.error().kind == failure_kind::not_found);
  CAF_CHECK_EQUAL(file.error().text, "the config file " + (tmp / "none") + ", named by CAFBUS_CONFIG, does not exist");
}

CAF_TEST(the null device means no config file) {
  auto file = read_config(env_of({{"CAFBUS_CONFIG", "/dev/null"}}));
  CAF_REQUIRE(file);
  CAF_CHECK(file->entries.empty());
}

CAF_TEST(a folder and a pipe are refused without waiting for a writer) {
  CAF_CHECK(!read_config(env_of({{"CAFBUS_CONFIG", tmp.path()}})));
  CAF_REQUIRE_EQUAL(::mkfifo((tmp / "pipe").c_str(), 0600), 0);
  CAF_CHECK(!read_config(env_of({{"CAFBUS_CONFIG", tmp / "pipe"}})));
}

CAF_TEST(a file of more than 256 KiB is refused) {
  auto path = put("large.conf", std::string(257 * 1'024, '#'));
  auto file = read_config(env_of({{"CAFBUS_CONFIG", path}}));
  CAF_REQUIRE(!file);
  CAF_CHECK_EQUAL(file.error().text, "cannot read " + path + ": File too large");
}

CAF_TEST(a mistake is told with the file and the line) {
  auto path = put("wrong.conf", "# fine\ndrain = 1s\nnonsense\n");
  auto file = read_config(env_of({{"CAFBUS_CONFIG", path}}));
  CAF_REQUIRE(!file);
  CAF_CHECK_EQUAL(file.error().text, path + ":3: \"nonsense\" is not `key = value`");
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(lines of a config file are keys and values) {
  auto parsed =
      parse_config("a=1\r\n  b  =  two words  # comment\nc = \"q \\\"x\\\" \\\\ # y\" # z\nd = e#f\ng =\n", "f");
  CAF_REQUIRE(parsed);
  auto expected = std::vector<config_entry>{
      {"a", "1", 1}, {"b", "two words", 2}, {"c", "q \"x\" \\ # y", 3}, {"d", "e#f", 4}, {"g", "", 5}};
  CAF_CHECK(*parsed == expected);
}

CAF_TEST(lines that are not keys and values are refused with their number) {
  for (auto text : {"\nx", "\n= 1", "\na = \"1", "\na = \"1\" 2", "\na = \"\\n\""}) {
    auto parsed = parse_config(text, "f");
    CAF_REQUIRE(!parsed);
    CAF_CHECK(parsed.error().text.starts_with("f:2: "));
  }
}

CAF_TEST(a byte order mark before the first key is passed over) {
  auto parsed = parse_config("\xef\xbb\xbf"
                             "app = a\n",
                             "f");
  CAF_REQUIRE(parsed);
  CAF_CHECK(*parsed == (std::vector<config_entry>{{"app", "a", 1}}));
}

CAF_TEST(a file in another encoding is refused by its name) {
  auto refusal = [](const std::string& text) {
    auto parsed = parse_config(text, "f");
    return parsed ? "" : parsed.error().text;
  };
  CAF_CHECK(refusal("\xff\xfe"
                    "a\0p\0p\0 \0=\0 \0x\0"s)
                .starts_with("f is not text in UTF-8 but UTF-16"));
  CAF_CHECK(refusal("app = x\0y"s).find("binary data") != std::string::npos);
  CAF_CHECK(refusal("app = caf\xe9").find("Latin-1") != std::string::npos);
  CAF_CHECK_EQUAL(refusal("source = file:/tmp/caf\xc3\xa9"), "");
}
