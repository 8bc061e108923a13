#include "actors/source_spec.hpp"

#include "support/temp_dir.hpp"

#include <filesystem>
#include <fstream>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

source_spec parsed(std::string_view text) {
  auto result = parse_source_spec(text);
  if (!result)
    CAF_FAIL(result.error().text);
  return *result;
}

std::string refusal(std::string_view text) {
  auto result = parse_source_spec(text);
  return result ? "" : result.error().text;
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
    CAF_CHECK(refusal(text).find("allowed are stdin, file:PATH, exec:COMMAND, exec:every=DURATION:COMMAND, node:") !=
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

CAF_TEST(a command may have an interval) {
  auto x = parsed("exec:every=30s:curl -s host:80/x");
  CAF_CHECK(x.every == std::chrono::seconds{30});
  CAF_CHECK_EQUAL(x.argument, "curl -s host:80/x");
  CAF_CHECK_EQUAL(x.name, "exec:every=30s:curl -s host:80/x");
  CAF_CHECK(parsed("exec:every day").every.count() == 0);
  for (auto text : {"exec:every=30s", "exec:every=30s:", "exec:every=0:x", "exec:every=soon:x"})
    CAF_CHECK(!refusal(text).empty());
}

CAF_TEST(what only a shell expands is refused with the way out) {
  for (const auto* text : {"file:~/x", "file:$HOME/x", "node:unix:~/x"})
    CAF_CHECK(refusal(text).find("write the whole path") != std::string::npos);
  CAF_CHECK(refusal("file:\"/nowhere/x\"").find("leave them out") != std::string::npos);
  CAF_CHECK(refusal("file:/nowhere/*.ndjson").find("a source of its own") != std::string::npos);
}

CAF_TEST(what brings the same events twice is refused with the name of the first) {
  test::temp_dir tmp;
  std::ofstream{tmp / "events"};
  std::filesystem::create_symlink(tmp / "events", tmp / "link");
  std::filesystem::create_hard_link(tmp / "events", tmp / "other");
  std::filesystem::create_directory_symlink(tmp.path(), tmp / "folder");
  const auto events = "file:" + (tmp / "events");
  auto why = [](const std::string& first, const std::string& second) {
    auto parsed = parse_sources({"exec:true", first, second});
    return parsed ? "" : parsed.error().text;
  };
  for (const auto& again :
       {events, "file:" + (tmp / "link"), "file:" + (tmp / "other"), "file:" + (tmp / "folder/./events")})
    CAF_CHECK(why(events, again).find("the same events as the source '" + events + "'") != std::string::npos);
  CAF_CHECK(!why("file:" + (tmp / "missing"), "file:" + (tmp / "folder/missing")).empty());
  CAF_CHECK(!why("stdin", "stdin").empty());
  CAF_CHECK(!why("node:h:1", "node:name@h:1").empty());
  CAF_CHECK(!why("node:unix:/a", "node:unix:/a").empty());
}

CAF_TEST(what brings other events may stand beside it) {
  CAF_CHECK(parse_sources({"stdin", "exec:true", "exec:true", "file:/nowhere/a", "file:/nowhere/b", "node:h:1",
                           "node:h:2", "node:unix:/a", "node:unix:/b"}));
}
