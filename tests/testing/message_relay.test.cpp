#include "testing/message_relay.hpp"

#include "testing/harness.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;
using namespace cafbus::testing;
using namespace std::chrono_literals;

namespace {

/// One bus, one source and a consumer behind a relay.
std::string broken_with(const relay_faults& faults, uint64_t seed = 1) {
  harness x{seed};
  auto bus = x.add_bus("a");
  consumer_script script;
  script.types = {"t"};
  script.through = [&](const subscriber_actor& to) { return relayed(x.system(), to, faults, x.random()); };
  x.add_consumer("c", bus, script);
  x.settle();
  x.add_source("s", bus, {.types = {"t"}});
  x.run_for(5s);
  x.finish();
  CAF_CHECK(x.events_seen() > 0);
  return x.broken().empty() ? "" : x.broken().front();
}

} // namespace

CAF_TEST(a relay without faults changes nothing) {
  CAF_CHECK_EQUAL(broken_with({}), "");
}

CAF_TEST(late messages to a consumer break no law) {
  CAF_CHECK_EQUAL(broken_with({.delay = 500}), "");
}

CAF_TEST(a lost delivery is found) {
  CAF_CHECK(broken_with({.drop = 500}).find("has not come") != std::string::npos);
}
