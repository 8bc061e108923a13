#include "io/socket_broker.hpp"

#include "support/socket_fixture.hpp"

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

bus_options with_idle_exit() {
  bus_options result;
  result.idle_timeout = 30s;
  return result;
}

struct fixture : socket_fixture {
  fixture() : socket_fixture{with_idle_exit()} {}
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(socket_broker_tests, fixture)

CAF_TEST(without connections the bus ends after the idle timeout) {
  pass(30s);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a connection that is half way in puts the idle exit off) {
  pass(29s);
  auto x = connect();
  pass(1s);
  CAF_CHECK(alive(parts.bus));
  CAF_CHECK_EQUAL(say_hello(x, "k"), first_ack);
  pass(100s);
  CAF_CHECK(alive(parts.bus));
  hang_up(x);
  pass(30s);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a connection that waits to be accepted puts the idle exit off) {
  calls.pending = true;
  pass(30s);
  CAF_CHECK(alive(parts.bus));
  calls.pending = false;
  pass(200ms);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a connection that never says hello and status queries do not keep the bus running) {
  connect();
  pass(20s);
  talk(connect(), "{\"type\":\"status_query\"}\n");
  pass(10s);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a link that ends is forgotten) {
  for (int i = 0; i < 100; ++i) {
    auto x = connect();
    say_hello(x, "k" + std::to_string(i));
    hang_up(x);
  }
  CAF_CHECK_EQUAL(deref<socket_broker_actor::stateful_broker_base<socket_broker_state>>(broker).state.links.size(), 0u);
  CAF_CHECK_EQUAL(read_status_now().active_conns, 0);
  pass(5s);
  CAF_CHECK(deref<socket_broker_actor::stateful_broker_base<socket_broker_state>>(broker).state.half_open.empty());
}

CAF_TEST(a listening socket that fails stops the bus as a failure) {
  mpx.impl_ptr(acceptor)->io_failure(&mpx, caf::io::network::operation::read);
  pass(5s);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST_FIXTURE_SCOPE_END()
