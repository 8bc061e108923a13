// What a bus takes in from outside at most, and that one connection's lack of memory is its own.
#include "support/session_fixture.hpp"

#include <new>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

const std::string status_line = "{\"type\":\"status_query\"}\n";

bus_options narrow() {
  auto result = socket_fixture::quick_options();
  result.max_connections = 2;
  result.descriptors = 6;
  result.max_half_open = 3;
  result.max_event_types = 2;
  result.max_key_bytes = 10;
  result.max_json_depth = 3;
  return result;
}

/// A socket that has no memory left for what it should send.
struct poor_calls final : scripted_calls {
  ssize_t send(int fd, const char* data, size_t size) override {
    if (fd == poor)
      throw std::bad_alloc{};
    return scripted_calls::send(fd, data, size);
  }
  int poor = -1;
};

struct fixture : session_fixture {
  fixture() : session_fixture{narrow()} {}

  /// The answer takes up its descriptor.
  handle ask_without_reading() {
    auto result = connect();
    socket_of(result).room = 0;
    send(result, status_line);
    settle();
    return result;
  }

  bool paused() { return mpx.passive_mode(acceptor); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_limits_tests, fixture)

CAF_TEST(a consumer beyond the limit is told so and gets in once one has left) {
  auto a = consumer("k");
  consumer("k");
  auto late = connect();
  auto answer = say_hello(late, "k");
  CAF_CHECK(has(answer, R"("rejected":true)"));
  CAF_CHECK(has(answer, R"("reject_code":"too_many_connections")"));
  CAF_CHECK(has(answer, "max-connections"));
  CAF_CHECK(socket_of(late).shut);
  hang_up(a);
  CAF_CHECK_EQUAL(say_hello(connect(), "k"), second_ack);
}

CAF_TEST(a producer beyond the limit is told so and nothing of it is taken) {
  auto a = consumer("k");
  consumer("k");
  auto late = connect();
  CAF_CHECK(has(talk(late, publish_line_of("k")), R"({"type":"error","code":"too_many_connections")"));
  CAF_CHECK_EQUAL(read_status_now().counters.ingress, 0u);
  CAF_CHECK_EQUAL(take(a), "");
  CAF_CHECK_EQUAL(load_now().refused, 1u);
}

CAF_TEST(status and stop get through when no consumer does) {
  consumer("k");
  consumer("k");
  CAF_CHECK(has(talk(connect(), status_line), R"("connections":2,"max_connections":2)"));
  CAF_CHECK(has(talk(connect(), "{\"type\":\"shutdown\",\"force\":false}\n"), "consumers_connected"));
}

CAF_TEST(of too many connections that say nothing the oldest goes first) {
  auto oldest = connect();
  auto second = connect();
  connect();
  CAF_CHECK(!socket_of(oldest).shut);
  connect();
  CAF_CHECK(has(take(oldest), R"("code":"too_many_half_open")"));
  CAF_CHECK(socket_of(oldest).shut);
  CAF_CHECK(!socket_of(second).shut);
  CAF_CHECK_EQUAL(say_hello(second, "k"), first_ack);
  CAF_CHECK_EQUAL(load_now().half_open, 2u);
}

CAF_TEST(without a descriptor left the listener rests and goes on when one is free) {
  auto a = consumer("k");
  auto b = consumer("k");
  std::vector<handle> stuck;
  for (int i = 0; i < 4; ++i)
    stuck.push_back(ask_without_reading());
  CAF_CHECK(paused());
  CAF_CHECK(load_now().paused);
  pass(1s);
  CAF_CHECK(paused());
  hang_up(stuck[0]);
  CAF_CHECK(!paused());
  CAF_CHECK(has(talk(connect(), status_line), "status_response"));
  hang_up(a);
  hang_up(b);
}

CAF_TEST(who says nothing does not keep out who has something to say) {
  consumer("k");
  consumer("k");
  auto silent = connect();
  connect();
  ask_without_reading();
  CAF_CHECK(!paused());
  connect();
  CAF_CHECK(paused());
  pass(50ms);
  CAF_CHECK(has(take(silent), "too_many_half_open"));
  CAF_CHECK(!paused());
}

CAF_TEST(what a hello may name is limited) {
  CAF_CHECK(has(say_hello(connect(), "a key that is long"), "max-key-bytes"));
  auto types = talk(connect(), R"({"type":"hello","pid":1,"event_key":"k","event_types":["a","b","c"]})"
                               "\n");
  CAF_CHECK(has(types, "max-event-types"));
  CAF_CHECK_EQUAL(load_now().refused, 0u); // not for want of room
}

CAF_TEST(what is published may nest only so deep) {
  auto x = connect();
  CAF_CHECK(has(talk(x, publish_line_of("k", "[[1]]")), R"("accepted":1,"duplicates":0,"rejected":0)"));
  CAF_CHECK(has(talk(x, publish_line_of("k", "[[[1]]]")), R"("accepted":1,"duplicates":0,"rejected":1)"));
}

CAF_TEST(no event follows the last word) {
  auto x = consumer("t");
  socket_of(x).room = 0;
  talk(x, std::string(defaults::max_frame_bytes + 1, 'x'));
  talk(connect(), publish_line_of("t"));
  socket_of(x).room = std::string::npos;
  read_rest(x);
  auto got = take(x);
  CAF_CHECK(has(got, "frame_too_large"));
  CAF_CHECK(!has(got, "\"event\""));
  CAF_CHECK(socket_of(x).shut);
}

CAF_TEST(new limits hold for who comes from then on) {
  consumer("k");
  reconfigure limits{options};
  limits.max_connections = 1;
  caf::anon_send(parts.bus, limits);
  settle();
  CAF_CHECK(has(say_hello(connect(), "k"), "too_many_connections"));
  auto status = read_status_now();
  CAF_CHECK_EQUAL(status.limits->limits.max_connections, 1u);
}

CAF_TEST(new limits say how many descriptors there are for connections) {
  for (int i = 0; i < 6; ++i)
    ask_without_reading();
  CAF_CHECK(paused());
  reconfigure limits{options, 8};
  caf::anon_send(parts.bus, limits);
  settle();
  CAF_CHECK(!paused());
  limits.descriptors = 0; // as before
  caf::anon_send(parts.bus, limits);
  ask_without_reading();
  CAF_CHECK(!paused());
  limits.descriptors = 6;
  caf::anon_send(parts.bus, limits);
  ask_without_reading();
  CAF_CHECK(paused());
}

CAF_TEST_FIXTURE_SCOPE_END()

namespace {

/// Made before the fixture that uses it.
struct has_poor_calls {
  poor_calls poor;
};

struct poor_fixture : has_poor_calls, socket_fixture {
  poor_fixture() : socket_fixture{quick_options(), nullptr, &poor} {}
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_memory_tests, poor_fixture)

CAF_TEST(a connection for which there is no memory ends and no other does) {
  auto rich = connect();
  say_hello(rich, "k");
  auto unlucky = connect();
  say_hello(unlucky, "k");
  auto producer = connect();
  poor.poor = static_cast<int>(unlucky.id());
  talk(producer, publish_line_of("k"));
  CAF_CHECK(socket_of(unlucky).shut);
  CAF_CHECK(take(rich).starts_with(R"({"type":"event")"));
  CAF_CHECK_EQUAL(read_status_now().active_conns, 1);
  poor.poor = -1;
}

CAF_TEST(a first frame for which there is no memory ends its connection) {
  auto unlucky = connect();
  poor.poor = static_cast<int>(unlucky.id());
  say_hello(unlucky, "k");
  CAF_CHECK(socket_of(unlucky).shut);
  poor.poor = -1;
  CAF_CHECK_EQUAL(say_hello(connect(), "k"), first_ack); // and nobody is left behind in it
}

CAF_TEST_FIXTURE_SCOPE_END()
