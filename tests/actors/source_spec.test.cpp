#include "actors/source_spec.hpp"

#include <filesystem>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

source_spec parsed(std::string_view text) {
  auto result = parse_source_spec(text);
  if (auto* error = std::get_if<std::string>(&result))
    CAF_FAIL(*error);
  return std::get<source_spec>(result);
}

} // namespace

CAF_TEST(standard input needs no argument) {
  auto x = parsed("stdin");
  CAF_CHECK(x.what == source_spec::kind::standard_input);
  CAF_CHECK_EQUAL(x.name, "stdin");
}

CAF_TEST(a command is taken whole) {
  auto x = parsed("exec:tail -f 'a b' | grep exec:");
  CAF_CHECK(x.what == source_spec::kind::exec);
  CAF_CHECK_EQUAL(x.argument, "tail -f 'a b' | grep exec:");
  CAF_CHECK_EQUAL(x.name, "exec:tail -f 'a b' | grep exec:");
}

CAF_TEST(a path is made absolute) {
  auto x = parsed("file:events.ndjson");
  CAF_CHECK(x.what == source_spec::kind::file);
  CAF_CHECK_EQUAL(x.argument, (std::filesystem::current_path() / "events.ndjson").string());
  CAF_CHECK_EQUAL(x.name, "file:events.ndjson");
  CAF_CHECK_EQUAL(parsed("file:/var/log/x").argument, "/var/log/x");
}

CAF_TEST(a long name is cut) {
  CAF_CHECK_EQUAL(parsed("exec:" + std::string(75, 'x')).name, "exec:" + std::string(75, 'x'));
  CAF_CHECK_EQUAL(parsed("exec:" + std::string(76, 'x')).name, "exec:" + std::string(75, 'x') + "...");
}

CAF_TEST(anything else is refused with what there is) {
  for (auto text : {"", "stdin ", "exec:", "file:", "exec", "tcp:1", "STDIN"}) {
    auto x = parse_source_spec(text);
    CAF_REQUIRE(std::holds_alternative<std::string>(x));
    CAF_CHECK(std::get<std::string>(x).find("give stdin, file:PATH, exec:COMMAND or node:HOST:PORT") !=
              std::string::npos);
  }
}

CAF_TEST(sources of the same name are told apart by numbers) {
  std::vector<source_spec> specs{parsed("exec:a"), parsed("exec:b"), parsed("exec:a"), parsed("exec:a")};
  name_apart(specs);
  CAF_CHECK_EQUAL(specs[0].name, "exec:a");
  CAF_CHECK_EQUAL(specs[1].name, "exec:b");
  CAF_CHECK_EQUAL(specs[2].name, "exec:a #2");
  CAF_CHECK_EQUAL(specs[3].name, "exec:a #3");
}
