#include "io/client/blocking_client.hpp"

#include "actors/bus.hpp"
#include "io/sockets/serve.hpp"
#include "io/sockets/unix_socket.hpp"
#include "tests/support/temp_dir.hpp"

#include <filesystem>

#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

struct io_config : caf::actor_system_config {
  io_config() {
    load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("sharing"));
  }
};

/// A bus in this process that serves a socket, with real threads.
struct fixture {
  test::temp_dir tmp;
  io_config config;
  caf::actor_system system{config};
  bus_options options = make_options(tmp / "bus.sock");
  bus_parts parts = spawn_bus(system, options);

  fixture() { CAF_REQUIRE(serve(system, parts, options)); }
  ~fixture() { CAF_CHECK(stop(system, parts.bus).ended); }

  static bus_options make_options(const std::string& socket) {
    bus_options result;
    result.socket = socket;
    result.idle_timeout = 0s;
    result.queue_capacity = 100;
    return result;
  }

  template <class T>
  static T take(result<T> x) {
    if (!x)
      CAF_FAIL(x.error().text);
    return *std::move(x);
  }

  template <class T>
  static failure failure_of(result<T> x) {
    CAF_REQUIRE(!x);
    return std::move(x).error();
  }

  blocking_consumer consumer(const std::string& key = "t") {
    return take(blocking_consumer::open(options.socket, {key}, 5s));
  }
  blocking_producer producer() { return take(blocking_producer::open(options.socket, 5s)); }

  static void publish(blocking_producer& to, std::string_view payload) { CAF_REQUIRE(to.publish({"t", payload}, 5s)); }
};

} // namespace

CAF_TEST(an app has a socket path and a wrong name has none) {
  auto path = socket_path("x", "/tmp/y");
  CAF_REQUIRE(path);
  CAF_CHECK_EQUAL(*path, "/tmp/y/x/bus.sock");
  auto wrong = socket_path("../x", "/tmp/y");
  CAF_REQUIRE(!wrong);
  CAF_CHECK(wrong.error().kind == failure_kind::invalid);
}

CAF_TEST(a system without the input and output module cannot serve) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  test::temp_dir tmp;
  auto options = fixture::make_options(tmp / "bus.sock");
  auto parts = spawn_bus(system, options);
  CAF_CHECK(serve(system, parts, options).error().text.find("I/O module") != std::string::npos);
  CAF_CHECK(stop(system, parts.bus).ended);
}

CAF_TEST_FIXTURE_SCOPE(blocking_client_tests, fixture)

CAF_TEST(a consumer gets what a producer publishes byte for byte) {
  auto in = consumer();
  CAF_CHECK(in.first());
  CAF_CHECK_EQUAL(in.bus_pid(), ::getpid());
  auto out = producer();
  CAF_REQUIRE(out.publish({"t", R"({"n": 1e400})", "id\"1", "17"}, 5s));
  CAF_REQUIRE(out.publish_line(R"({"event_type":"t","payload":[ ]})", 5s));
  CAF_CHECK(take(out.finish(5s)) == (publish_ack{2, 0, 0, 0, 1}));
  auto first = take(in.next(5s));
  CAF_CHECK_EQUAL(first.payload, R"({"n": 1e400})");
  CAF_CHECK_EQUAL(first.event_type, "t");
  CAF_CHECK_EQUAL(first.event_id, "id\"1");
  CAF_CHECK_EQUAL(first.seq, 1u);
  auto second = take(in.next(5s));
  CAF_CHECK_EQUAL(second.payload, "[ ]");
  CAF_CHECK_EQUAL(second.missed, 0u);
}

CAF_TEST(a payload of several lines travels in one) {
  auto in = consumer();
  auto out = producer();
  publish(out, "{\n\"a\":\r\n1}");
  CAF_CHECK(take(out.finish(5s)) == (publish_ack{1, 0, 0, 0, 1}));
  CAF_CHECK_EQUAL(take(in.next(5s)).payload, "{ \"a\":  1}");
}

CAF_TEST(the second consumer is not the first) {
  auto one = consumer();
  CAF_CHECK(!consumer().first());
}

CAF_TEST(what is no event is told and the next one is published) {
  auto out = producer();
  for (auto payload : {"", "{", "1 2", "1,\"event_type\":\"x\""}) {
    CAF_CHECK(failure_of(out.publish({"t", payload}, 5s)).kind == failure_kind::invalid);
  }
  CAF_CHECK(failure_of(out.publish_line("nonsense", 5s)).kind == failure_kind::invalid);
  publish(out, "1");
  CAF_CHECK(take(out.finish(5s)) == (publish_ack{1, 0, 0, 1, 0}));
}

CAF_TEST(a member of a group confirms events and gives them back) {
  subscription request;
  request.event_key = "t";
  request.group = "g";
  request.ack = true;
  auto in = take(blocking_consumer::open(options.socket, request, 5s));
  auto out = producer();
  publish(out, "1");
  CAF_CHECK(take(out.finish(5s)) == (publish_ack{1, 0, 0, 0, 1}));
  const auto first = take(in.next(5s));
  CAF_CHECK_EQUAL(first.attempt, 1u);
  CAF_REQUIRE(in.give_back(first.seq, 0ms, 5s));
  const auto again = take(in.next(5s));
  CAF_CHECK_EQUAL(again.attempt, 2u);
  CAF_CHECK_EQUAL(again.payload, "1");
  CAF_REQUIRE(in.confirm(again.seq, 5s));
  auto asked = take(client::connect(options.socket, 5s));
  auto status = take(asked.ask_status(5s)); // what was sent before it may still be on its way
  for (; status.groups.at(0).done == 0; status = take(asked.ask_status(5s)))
    asked = take(client::connect(options.socket, 5s));
  CAF_CHECK_EQUAL(status.groups.at(0).redelivered, 1u);
}

CAF_TEST(what became of the events is in status) {
  auto in = consumer();
  CAF_REQUIRE(in.report(3, 2, 1, 5s));
  std::optional<consumer_stats> told;
  while (!told) { // it may still be on its way
    auto asked = take(client::connect(options.socket, 5s));
    told = take(asked.ask_status(5s)).consumers.at(0).stats;
  }
  CAF_CHECK(told == (consumer_stats{3, 2, 1}));
}

CAF_TEST(a time limit passes and the next call goes on) {
  auto in = consumer();
  CAF_CHECK(failure_of(in.next(1ms)).kind == failure_kind::timed_out);
  auto out = producer();
  publish(out, "1");
  CAF_CHECK_EQUAL(take(in.next(5s)).payload, "1");
}

CAF_TEST(a consumer that is too slow is told what it has missed) {
  auto in = consumer();
  auto out = producer();
  constexpr uint64_t total = 20'000;
  auto payload = '"' + std::string(1'000, 'x') + '"';
  for (uint64_t i = 0; i < total; ++i) // more than the sockets and the queue hold
    publish(out, payload);
  take(out.finish(10s));
  uint64_t seen = 0;
  uint64_t missed = 0;
  for (uint64_t last = 0; last < total;) {
    auto event = take(in.next(5s));
    missed += event.missed;
    last = event.seq;
    ++seen;
  }
  CAF_CHECK_EQUAL(seen + missed, total);
  CAF_CHECK_EQUAL(in.dropped(), missed);
  CAF_CHECK(missed > 0);
}

CAF_TEST(the end of the bus is told with its reason) {
  auto in = consumer();
  CAF_CHECK_EQUAL(stop(system, parts.bus, "that is all").reason, "that is all");
  auto end = failure_of(in.next(5s));
  CAF_CHECK(end.kind == failure_kind::stopping);
  CAF_CHECK_EQUAL(end.text, "that is all");
  CAF_CHECK(failure_of(in.next(5s)).kind == failure_kind::closed);
  CAF_CHECK(failure_of(blocking_producer::open(options.socket, 1s)).kind == failure_kind::not_found);
}

CAF_TEST(a socket at which somebody listens is left alone) {
  auto other = spawn_bus(system, options);
  CAF_CHECK(serve(system, other, options).error().text.find("already listens") != std::string::npos);
  CAF_CHECK(stop(system, other.bus).ended);
  consumer();
}

CAF_TEST(a bus that is killed leaves no socket) {
  auto in = consumer();
  caf::anon_send_exit(parts.bus, caf::exit_reason::kill);
  CAF_CHECK(failure_of(in.next(5s)).kind == failure_kind::closed);
  CAF_CHECK(!std::filesystem::exists(options.socket));
}

CAF_TEST(a bus that has ended is not served) {
  auto second = make_options(tmp / "second.sock");
  auto other = spawn_bus(system, second);
  CAF_REQUIRE(stop(system, other.bus).ended);
  CAF_CHECK(serve(system, other, second).error() == (failure{failure_kind::stopping, "the bus has ended"}));
  CAF_CHECK(!std::filesystem::exists(second.socket));
}

CAF_TEST(what a dead bus has left is replaced) {
  auto second = make_options(tmp / "second.sock");
  CAF_REQUIRE(listen_unix(second.socket, 1)); // bound, then closed at once
  auto other = spawn_bus(system, second);
  CAF_CHECK(serve(system, other, second));
  take(blocking_consumer::open(second.socket, {"t"}, 5s));
  CAF_CHECK(stop(system, other.bus).ended);
  CAF_CHECK(::access(second.socket.c_str(), F_OK) != 0);
}

CAF_TEST(a filter chooses by payload and ends its consumer if it is to) {
  subscription request{"t"};
  request.filter = {{"/n", ">", filter_value{filter_scalar{int64_t{1}}}}};
  request.on_filter_error = "fail";
  auto testee = take(blocking_consumer::open(options.socket, request, 5s));
  auto producer = take(blocking_producer::open(options.socket, 5s));
  for (const auto* payload : {R"({"n":1})", R"({"n":2})", "{}"})
    CAF_CHECK(producer.publish({"t", payload}, 5s));
  take(producer.finish(5s));
  CAF_CHECK_EQUAL(std::string{take(testee.next(5s)).payload}, R"({"n":2})");
  auto end = failure_of(testee.next(5s));
  CAF_CHECK(end.kind == failure_kind::refused);
  CAF_CHECK_EQUAL(end.text, "filter_failed: the member /n is missing");
  request.filter[0].pointer = "n";
  CAF_CHECK(failure_of(blocking_consumer::open(options.socket, request, 5s)).kind == failure_kind::refused);
}

CAF_TEST_FIXTURE_SCOPE_END()
