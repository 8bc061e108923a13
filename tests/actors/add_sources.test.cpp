// With real files, commands and threads: what it adds is tested in virtual time elsewhere.

#include "actors/add_sources.hpp"

#include "support/temp_dir.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <fstream>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

struct fixture {
  test::temp_dir tmp;
  std::string path = tmp / "events";
  caf::actor_system_config config;
  caf::actor_system system{config};
  bus_options options{{.idle_timeout = 0s}};
  bus_handle bus{system, options};
  caf::scoped_actor self{system};

  fixture() { std::ofstream{path} << R"({"event_type":"t","payload":1})" << '\n'; }

  result<void> add(const std::vector<std::string>& texts, const source_setup& setup = {}) {
    return add_sources(system, bus.parts(), options, texts, setup);
  }

  std::vector<std::string> sources() {
    std::vector<std::string> result;
    self->request(*bus, 10s, read_status{})
        .receive(
            [&](const status_response& x) {
              for (const auto& y : x.sources)
                result.push_back(y.source);
            },
            [](const caf::error&) { CAF_FAIL("no status"); });
    return result;
  }

  /// Makes this thread a consumer, and waits for an event.
  std::string next_payload(const std::string& type) {
    self->send(*bus, join{.subscriber = as_subscriber(caf::actor_cast<caf::actor>(self)), .info = {.event_key = type}});
    std::string result;
    auto none = true;
    self->receive_while([&] { return none; })([](const joined& x) { CAF_REQUIRE(x.admitted); },
                                              [&](const delivery& x) {
                                                for (auto event : events_of(x)) {
                                                  result = event.payload();
                                                  none = false;
                                                }
                                                return delivered{};
                                              },
                                              caf::after(10s) >> [&] { none = false; });
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(add_sources_tests, fixture)

CAF_TEST(a file that is added feeds the bus when a consumer is in) {
  CAF_CHECK(add({"file:" + path}, {.wait = true}));
  CAF_CHECK_EQUAL(next_payload("t"), "1");
}

CAF_TEST(a command that is added feeds the bus when a consumer is in) {
  CAF_CHECK(add({"exec:cat " + path + "; exec sleep 1000"}, {.wait = true}));
  CAF_CHECK_EQUAL(next_payload("t"), "1");
}

CAF_TEST(sources of the same text have names of their own) {
  const auto command = "exec:exec sleep 1000";
  CAF_CHECK(add({command, command}, {.wait = true}));
  CAF_CHECK_EQUAL(sources(), (std::vector<std::string>{command, std::string{command} + " #2"}));
}

CAF_TEST(of sources of which one is wrong none is added) {
  for (const auto& wrong :
       std::vector<std::string>{"files:x", "exec:every=x:true", "node:127.0.0.1:1", "file:" + path}) {
    auto added = add({"file:" + path, wrong});
    CAF_REQUIRE(!added);
    CAF_CHECK(added.error().kind == failure_kind::invalid);
    CAF_CHECK(added.error().text.find(wrong) != std::string::npos);
  }
  CAF_CHECK(!add({"file:" + path, "file:" + tmp.path()})); // a folder
  CAF_CHECK(sources().empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
