#include "io/sockets/socket_broker.hpp"

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

CAF_TEST(whoever comes near the idle deadline is served or told to start a new bus) {
  // The deadline has passed; the consumer comes after each number of messages that the bus has handled since, its hello
  // with it or after some more. It may be refused at the door, else it must have an answer that a client can act on.
  size_t served = 0;
  size_t sent_away = 0;
  size_t refused = 0;
  for (int before = 0; before < 30; ++before)
    for (int between = 0; between < 30; ++between) {
      fixture bus;
      bus.settle();
      bus.advance_time(30s);
      auto run = [&](int n) {
        while (n-- > 0 && (bus.sched.try_run_once() || bus.mpx.try_exec_runnable())) {
        }
      };
      run(before);
      auto x = handle::from_int(++bus.last_handle);
      if (!alive(bus.broker) ||
          !bus.deref<socket_broker_actor::stateful_broker_base<socket_broker_state>>(bus.broker).state.accepting) {
        ++refused; // connect() fails: there is no bus
        bus.settle();
        continue;
      }
      bus.mpx.add_pending_connect(bus.acceptor, x);
      CAF_REQUIRE(bus.mpx.try_accept_connection());
      run(between);
      bus.send(x, hello_line("k"));
      bus.settle();
      bus.mpx.read_data(); // sent before its session had asked for bytes
      bus.settle();
      auto answer = bus.take(x);
      if (answer == first_ack) {
        CAF_CHECK(alive(bus.parts.bus));
        ++served;
      } else {
        CAF_CHECK(answer.find("shutting_down") != std::string::npos || bus.socket_of(x).shut);
        CAF_CHECK(!alive(bus.parts.bus));
        ++sent_away;
      }
    }
  CAF_MESSAGE("served " << served << ", sent away " << sent_away << ", refused " << refused);
  CAF_CHECK(served > 0);
  CAF_CHECK(refused > 0);
}

CAF_TEST(a consumer is served at any moment before the deadline) {
  for (auto early = 0us; early <= 5ms; early += 25us) {
    fixture bus;
    bus.pass(30s - early - 1us);
    auto x = bus.connect();
    bus.pass(10ms);
    CAF_CHECK_EQUAL(bus.say_hello(x, "k"), first_ack);
    bus.pass(100s);
    CAF_CHECK(alive(bus.parts.bus));
  }
}

CAF_TEST(a session that ends is forgotten) {
  for (int i = 0; i < 100; ++i) {
    auto x = connect();
    say_hello(x, "k" + std::to_string(i));
    hang_up(x);
  }
  CAF_CHECK_EQUAL(deref<socket_broker_actor::stateful_broker_base<socket_broker_state>>(broker).state.sessions.size(),
                  0u);
  CAF_CHECK_EQUAL(read_status_now().active_conns, 0);
  pass(5s);
  CAF_CHECK(deref<socket_broker_actor::stateful_broker_base<socket_broker_state>>(broker).state.half_open.empty());
}

CAF_TEST(a listener for a bus that has ended meanwhile ends) {
  pass(30s);
  CAF_CHECK(!alive(parts.bus));
  auto late = mm.spawn_broker(socket_broker, mpx.new_doorman(caf::io::accept_handle::from_int(2), uint16_t{2}), parts,
                              options, &calls, own_file{});
  caf::anon_send(parts.bus, attach_listener{late});
  settle();
  CAF_CHECK(!alive(late));
}

CAF_TEST(a listening socket that fails stops the bus as a failure) {
  mpx.impl_ptr(acceptor)->io_failure(&mpx, caf::io::network::operation::read);
  pass(5s);
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST_FIXTURE_SCOPE_END()
