#include "cli/completion.hpp"

#include "cli/commands.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

using words = std::vector<std::string>;

struct fixture {
  CLI::App program{"cafbus", "cafbus"};
  command chosen;
  name_sources names{[](const words&) {
                       return words{"default", "shop"};
                     },
                     [](const words&) {
                       return words{"im.message", "im.typing", "with space"};
                     }};

  fixture() {
    add_serve(program, chosen);
    add_consume(program, chosen);
    add_publish(program, chosen);
    add_http(program, chosen);
    add_status(program, chosen);
    add_stop(program, chosen);
    add_top(program, chosen);
    add_bench(program);
    program.add_subcommand("help", "Describe a command");
  }

  completion at(const words& typed) { return complete(program, typed, names); }

  words values(const words& typed) {
    words result;
    for (const auto& x : at(typed).candidates)
      result.push_back(x.value);
    return result;
  }

  bool offers(const words& typed, const std::string& value) { return std::ranges::count(values(typed), value) == 1; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(completion_tests, fixture)

CAF_TEST(commands come first) {
  CAF_CHECK_EQUAL(values({"s"}), (words{"serve", "status", "stop"}));
  CAF_CHECK_EQUAL(values({"help", "p"}), (words{"publish"}));
  CAF_CHECK_EQUAL(values({"help", "publish", ""}), words{});
  CAF_CHECK_EQUAL(values({"--no-such-thing"}), words{});
}

CAF_TEST(a candidate has a short text) {
  auto found = at({"consum"}).candidates;
  CAF_REQUIRE_EQUAL(found.size(), 1u);
  CAF_CHECK(!found[0].text.empty() && found[0].text.size() < 66);
}

CAF_TEST(options are offered once unless they can be repeated) {
  CAF_CHECK(offers({"consume", "--"}, "--types"));
  CAF_CHECK(!offers({"consume", "--quiet", "--"}, "--quiet"));
  CAF_CHECK(!offers({"consume", "--timeout=5s", "--"}, "--timeout"));
  CAF_CHECK(offers({"consume", "--types", "a", "--"}, "--types"));
  CAF_CHECK(offers({"serve", "--source", "stdin", "--"}, "--source"));
  CAF_CHECK(!offers({"serve", "--"}, "--ready-fd")); // hidden
}

CAF_TEST(values of closed sets are offered in both forms) {
  CAF_CHECK_EQUAL(values({"consume", "--on-exec-error", ""}), (words{"stop", "skip"}));
  CAF_CHECK_EQUAL(values({"consume", "--on-exec-error=s"}), (words{"--on-exec-error=stop", "--on-exec-error=skip"}));
  CAF_CHECK_EQUAL(values({"consume", "--policy", "drop"}), (words{"drop-oldest", "drop-newest"}));
  CAF_CHECK_EQUAL(values({"top", "--sort", "d"}), (words{"drops", "delivered"}));
  CAF_CHECK_EQUAL(values({"serve", "--log-level", "t"}), (words{"trace"}));
  CAF_CHECK_EQUAL(values({"serve", "--start-sources", ""}), (words{"first-consumer", "at-once"}));
  CAF_CHECK_EQUAL(values({"serve", "--positions", "n"}), (words{"no"}));
  CAF_CHECK(offers({"serve", "--positions", "--id"}, "--idle-timeout")); // its value may be left out
  CAF_CHECK_EQUAL(values({"serve", "--source", "s"}), (words{"stdin"}));
  CAF_CHECK_EQUAL(values({"consume", "--quiet=", ""}), values({"consume", ""}));
}

CAF_TEST(a list goes on behind its last comma) {
  CAF_CHECK_EQUAL(values({"status", "--fail-on", "stale,or"}), (words{"stale,orphan"}));
  CAF_CHECK_EQUAL(values({"status", "--fail-on=de"}), (words{"--fail-on=degraded"}));
  CAF_CHECK_EQUAL(values({"consume", "k", "--types", "a,im.m"}), (words{"a,im.message"}));
}

CAF_TEST(units follow a number) {
  CAF_CHECK_EQUAL(values({"consume", "--timeout", "5m"}), (words{"5ms", "5m"}));
  CAF_CHECK_EQUAL(values({"consume", "--queue-bytes", "8"}), (words{"8KiB", "8MiB", "8GiB"}));
  CAF_CHECK_EQUAL(values({"consume", "--timeout", ""}), words{});
}

CAF_TEST(names come from the machine) {
  CAF_CHECK_EQUAL(values({"consume", "im."}), (words{"im.message", "im.typing"}));
  CAF_CHECK_EQUAL(values({"consume", "--", "with"}), (words{"with space"}));
  CAF_CHECK_EQUAL(values({"publish", "--type=im.t"}), (words{"--type=im.typing"}));
  CAF_CHECK_EQUAL(values({"status", "--app", ""}), (words{"default", "shop"}));
  CAF_CHECK_EQUAL(values({"http", "--allow-host", ""}), words{}); // a NAME, but of no app
}

CAF_TEST(behind the last argument there are options only) {
  CAF_CHECK(offers({"consume", "im.message", ""}, "--types"));
  CAF_CHECK_EQUAL(values({"consume", "im.message", "i"}), words{});
  CAF_CHECK(offers({"status", ""}, "--json"));
}

CAF_TEST(an argument may be one of a closed set) {
  CAF_CHECK_EQUAL(values({"bench", "s"}), (words{"start", "scale"}));
  CAF_CHECK(offers({"bench", "--"}, "--quick"));
}

CAF_TEST(paths are left to the shell) {
  using paths = completion::paths;
  auto check = [this](const words& typed, paths also, size_t kept) {
    auto found = at(typed);
    CAF_CHECK(found.also == also);
    CAF_CHECK_EQUAL(found.kept, kept);
    CAF_CHECK(found.candidates.empty());
  };
  check({"publish", "ev"}, paths::files, 0);
  check({"serve", "--dir", ""}, paths::folders, 0);
  check({"serve", "--dir=/t"}, paths::folders, 6);
  check({"serve", "--source", "file:/v"}, paths::files, 5);
  check({"serve", "--source=node:unix:/v"}, paths::files, 19);
  check({"serve", "--node-listen", "unix:"}, paths::files, 5);
  check({"consume", "--exec", "./"}, paths::files, 0);
  check({"http", "--token-file", ""}, paths::files, 0);
}

CAF_TEST(places to listen at begin with an address) {
  CAF_CHECK_EQUAL(values({"http", "--listen", "1"}), (words{"127.0.0.1:"}));
  CAF_CHECK_EQUAL(values({"serve", "--node-listen", "u"}), (words{"unix:"}));
}

CAF_TEST(nonsense is answered by nothing) {
  CAF_CHECK_EQUAL(values({}), words{});
  CAF_CHECK_EQUAL(values({"no-such-command", ""}), words{});
  CAF_CHECK_EQUAL(values({"consume", "--no-such=", ""}), values({"consume", ""}));
  CAF_CHECK_EQUAL(values({"consume", "--quiet="}), words{});
}

CAF_TEST(the value of a flag is the last one given before the cursor) {
  CAF_CHECK_EQUAL(value_of("--app", {"consume", "--app", "a", "--app=b", ""}), "b");
  CAF_CHECK_EQUAL(value_of("--app", {"consume", "--app", "a"}), "");
  CAF_CHECK_EQUAL(value_of("--app", {"consume", "--app=a"}), "");
  CAF_CHECK_EQUAL(value_of("--app", {"consume", ""}), "");
}

CAF_TEST_FIXTURE_SCOPE_END()
