// Buses in the systems of CAF's test fixtures: whoever waits for one must run it.

#include "actors/manual_system.hpp"

#include "actors/bus.hpp"
#include "support/batches.hpp"
#include "support/fixtures.hpp"
#include "support/recording_subscriber.hpp"

#include <caf/send.hpp>

#include <caf/test/dsl.hpp>
#include <caf/test/io_dsl.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

const bus_options never_idle{{.idle_timeout = 0s}};

template <class Base>
struct with_bus : Base {
  bus_handle bus{this->sys, never_idle};
  std::shared_ptr<recording> seen = std::make_shared<recording>();
  recording_actor subscriber = this->sys.spawn(recording_subscriber, seen);

  ~with_bus() override { caf::anon_send_exit(subscriber, caf::exit_reason::kill); }

  /// A subscriber that has an event, and does not take it.
  void be_stuck() {
    seen->stuck = true;
    caf::anon_send(*bus, join{.subscriber = subscriber, .info = {.event_key = "t"}, .stall_limit = 0s});
    manual_system::find(this->sys)->run();
    caf::anon_send(bus.parts().hub, publish{numbered_batch(1, 0, "t")});
    manual_system::find(this->sys)->run();
    CAF_REQUIRE_EQUAL(seen->seqs.size(), 1u);
  }
};

using workers_fixture = with_bus<test_coordinator_fixture<>>;
using sockets_fixture = with_bus<test_node_fixture<>>;

} // namespace

CAF_TEST(a system that runs by itself is none) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  CAF_CHECK(!manual_system::find(system));
}

CAF_TEST_FIXTURE_SCOPE(workers_tests, workers_fixture)

CAF_TEST(a stop runs the bus to its end) {
  auto end = bus.stop("done");
  CAF_CHECK(end.ended);
  CAF_CHECK(!end.failed);
  CAF_CHECK_EQUAL(end.reason, "done");
  CAF_CHECK(!alive(bus.parts().hub));
}

CAF_TEST(the end of a handle runs the bus to its end) {
  bus_parts parts;
  {
    bus_handle other{sys, never_idle};
    parts = other.parts();
  }
  CAF_CHECK(!alive(parts.bus));
  CAF_CHECK(alive(*bus));
}

CAF_TEST(what a stop waits for passes in virtual time) {
  be_stuck();
  const auto before = sched.clock().now();
  CAF_CHECK(bus.stop("now", 2s).ended);
  const auto taken = sched.clock().now() - before;
  CAF_CHECK(taken > 0s);
  CAF_CHECK(taken <= 2s);
}

CAF_TEST(a bus that does not end in time is said to have failed) {
  auto deaf = sys.spawn([](caf::event_based_actor* self) -> caf::behavior {
    self->set_default_handler(
        [](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> { return caf::message{}; });
    return {[](int) {}};
  });
  const auto before = sched.clock().now();
  auto end = cafbus::stop(sys, caf::actor_cast<bus_actor>(deaf), "now", 1s);
  CAF_CHECK(!end.ended);
  CAF_CHECK(end.failed);
  CAF_CHECK(sched.clock().now() - before == 1s);
  CAF_CHECK(!alive(deaf)); // killed
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST_FIXTURE_SCOPE(sockets_tests, sockets_fixture)

CAF_TEST(a stop runs a bus on the multiplexer of tests to its end) {
  be_stuck();
  auto end = bus.stop("done", 2s);
  CAF_CHECK(end.ended);
  CAF_CHECK_EQUAL(end.reason, "done");
}

CAF_TEST_FIXTURE_SCOPE_END()
