#include "actors/own_thread.hpp"

#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <stdexcept>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

struct config : caf::actor_system_config {
  config() { set("scheduler.policy", caf::atom("sharing")); }
};

} // namespace

CAF_TEST(a system waits for the work and for the end of its thread) {
  constexpr int rounds = 300;
  std::atomic<int> done = 0;
  for (int i = 0; i < rounds; ++i) {
    config options;
    caf::actor_system system{options};
    for (int k = 0; k < 2; ++k)
      CAF_REQUIRE(run_on_own_thread(system, [&](caf::scoped_actor&) { ++done; }));
  }
  CAF_CHECK_EQUAL(done.load(), rounds * 2);
}

CAF_TEST(work that throws ends nothing but itself) {
  std::atomic<bool> began = false;
  {
    config options;
    caf::actor_system system{options};
    CAF_REQUIRE(run_on_own_thread(system, [&](caf::scoped_actor&) {
      began = true;
      throw std::runtime_error{"no"};
    }));
  }
  CAF_CHECK(began.load());
}
