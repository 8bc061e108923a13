#include "io/sockets/session.hpp"

#include "support/session_fixture.hpp"

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

const std::string granted = "{\"type\":\"pre_shutdown_ack\",\"last_for_key\":true}\n";
const std::string refused = "{\"type\":\"pre_shutdown_ack\",\"last_for_key\":false}\n";

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_tests, session_fixture)

CAF_TEST(a hello is acknowledged whatever way it is split) {
  auto line = hello_line("k");
  for (size_t i = 1; i < line.size(); ++i) {
    auto x = connect();
    CAF_CHECK_EQUAL(talk(x, line.substr(0, i)), "");
    CAF_CHECK_EQUAL(talk(x, line.substr(i)), first_ack);
    hang_up(x);
  }
  auto x = connect();
  std::string answer;
  for (auto c : line)
    answer += talk(x, {&c, 1});
  CAF_CHECK_EQUAL(answer, first_ack);
}

CAF_TEST(the second consumer of a key is not the first) {
  auto x = connect();
  CAF_CHECK_EQUAL(say_hello(x, "k"), first_ack);
  CAF_CHECK_EQUAL(say_hello(connect(), "k"), second_ack);
  CAF_CHECK_EQUAL(say_hello(connect(), "k", R"(,"subscription_id":"other")"), first_ack);
}

CAF_TEST(an event is delivered to who asked for its type) {
  auto x = consumer("t");
  auto y = consumer("u");
  auto producer = connect();
  CAF_CHECK_EQUAL(
      talk(producer, publish_line_of("t", R"({"a": 1.10})")),
      "{\"type\":\"publish_ack\",\"accepted\":1,\"duplicates\":0,\"rejected\":0,\"unmatched\":0,\"consumers\":1}\n");
  auto got = take(x);
  CAF_CHECK(has(got, R"({"type":"event","event_type":"t",)"));
  CAF_CHECK(has(got, R"("seq":1,"payload":{"a": 1.10}})"));
  CAF_CHECK_EQUAL(take(y), "");
}

CAF_TEST(events that arrive together leave in one write) {
  auto x = consumer("t");
  auto producer = connect();
  talk(producer, publish_line_of("other")); // whose first frame has told that it is one
  auto before = socket_of(x).writes;
  std::string lines;
  for (int i = 0; i < 100; ++i)
    lines += publish_line_of("t");
  talk(producer, lines);
  CAF_CHECK_EQUAL(socket_of(x).writes, before + 1);
  CAF_CHECK_EQUAL(count(take(x), "\"type\":\"event\""), 100u);
}

CAF_TEST(the ack comes before everything else) {
  caf::anon_send(parts.hub, source_status{"s", source_state::connected, ""});
  auto x = connect();
  send(x, hello_line("t"));
  send(connect(), publish_line_of("t"));
  settle();
  CAF_CHECK(take(x).starts_with(first_ack));
}

CAF_TEST(whoever has seen the ack misses nothing that is published from then on) {
  auto x = connect();
  auto producer = connect();
  send(x, hello_line("t"));
  while (socket_of(x).received.empty() && (sched.try_run_once() || mpx.try_exec_runnable())) {
  }
  CAF_CHECK_EQUAL(take(x), first_ack);
  CAF_CHECK(has(talk(producer, publish_line_of("t")), R"("accepted":1)"));
  CAF_CHECK(has(take(x), R"("seq":1,)"));
}

CAF_TEST(a hello of another version is rejected with a reason) {
  auto x = connect();
  auto answer = talk(x, R"({"type":"hello","pid":1,"event_key":"k","version":"v2"})"
                        "\n");
  CAF_CHECK(has(answer, R"("rejected":true)"));
  CAF_CHECK(has(answer, "v2"));
  CAF_CHECK(socket_of(x).shut);
}

CAF_TEST(a hello without version or types is taken) {
  auto x = connect();
  CAF_CHECK_EQUAL(talk(x, R"({"type":"hello","pid":1,"event_key":"k"})"
                          "\r\n"),
                  first_ack);
  talk(connect(), publish_line_of("k"));
  CAF_CHECK(has(take(x), "\"seq\":1,"));
}

CAF_TEST(a hello that asks for too much is rejected) {
  for (const auto& more : {R"(,"subscription_id":")" + std::string(1'025, 'x') + "\"", std::string{}}) {
    auto x = connect();
    auto line = more.empty() ? R"({"type":"hello","pid":1,"event_key":""})"
                               "\n"
                             : hello_line("k", more);
    CAF_CHECK(has(talk(x, line), "\"rejected\":true"));
    CAF_CHECK(socket_of(x).shut);
  }
  std::string types = "\"t\"";
  for (int i = 0; i < 1'024; ++i)
    types += ",\"t\"";
  auto x = connect();
  CAF_CHECK(has(talk(x, R"({"type":"hello","pid":1,"event_key":"k","event_types":[)" + types + "]}\n"), "1025"));
}

CAF_TEST(garbage as the first frame gets an error and the end) {
  for (auto line : {"garbage\n", "\n", "{}\n", "[]\n",
                    R"({"type":"bye"})"
                    "\n",
                    R"({"type":"event"})"
                    "\n",
                    R"({"type":"nonsense"})"
                    "\n",
                    R"({"type":"hello","pid":"x","event_key":"k"})"
                    "\n"}) {
    auto x = connect();
    CAF_CHECK(has(talk(x, line), R"("code":"bad_first_frame")"));
    CAF_CHECK(socket_of(x).shut);
  }
}

CAF_TEST(nothing for the hello timeout gets an error and the end) {
  auto silent = connect();
  auto half = connect();
  send(half, "{\"type\":\"hel");
  auto good = consumer("k");
  pass(5s - 1ms);
  CAF_CHECK(!socket_of(silent).shut);
  pass(1ms);
  CAF_CHECK(has(take(silent), "hello_timeout"));
  CAF_CHECK(has(take(half), "hello_timeout"));
  CAF_CHECK(socket_of(half).shut);
  CAF_CHECK(!socket_of(good).shut);
}

CAF_TEST(a peer of another user is refused before a byte is read) {
  calls.uid = 12'345;
  auto x = connect();
  CAF_CHECK(has(take(x), "\"code\":\"foreign_uid\""));
  CAF_CHECK(socket_of(x).shut);
  CAF_CHECK_EQUAL(read_status_now().active_conns, 0);
}

CAF_TEST(root is let in) {
  calls.uid = 0;
  CAF_CHECK_EQUAL(say_hello(connect(), "k"), first_ack);
}

CAF_TEST(a frame of exactly the limit passes and one byte more does not ) {
  auto x = consumer("k");
  std::string filler(defaults::max_frame_bytes - 1, ' ');
  CAF_CHECK_EQUAL(talk(x, filler + "\n"), "");
  CAF_CHECK(!socket_of(x).shut);
  CAF_CHECK(has(talk(x, filler + " \n"), "\"code\":\"frame_too_large\""));
  CAF_CHECK(socket_of(x).shut);
}

CAF_TEST(a frame that never ends is cut at the limit) {
  auto x = connect();
  CAF_CHECK(has(talk(x, std::string(defaults::max_frame_bytes + 1, 'x')), "\"code\":\"frame_too_large\""));
  CAF_CHECK(socket_of(x).shut);
}

CAF_TEST(garbage after the hello is skipped) {
  auto x = consumer("k");
  CAF_CHECK_EQUAL(talk(x, "garbage\n\n[1]\n{\"type\":\"future\"}\n{\"type\":\"status_query\"}\n"), "");
  talk(connect(), publish_line_of("k"));
  CAF_CHECK(has(take(x), "\"seq\":1,"));
}

CAF_TEST(a second hello and a publish of a consumer get an error and are ignored) {
  auto x = consumer("k");
  CAF_CHECK(has(say_hello(x, "other"), "\"code\":\"unexpected_frame\""));
  CAF_CHECK(has(talk(x, publish_line_of("k")), "\"code\":\"unexpected_frame\""));
  CAF_CHECK(!socket_of(x).shut);
  CAF_CHECK_EQUAL(read_status_now().consumers.size(), 1u);
  CAF_CHECK_EQUAL(read_status_now().counters.ingress, 0u);
}

CAF_TEST(what is sent behind the hello is handled after the ack) {
  auto x = connect();
  CAF_CHECK_EQUAL(talk(x, hello_line("k") + R"({"type":"pre_shutdown_check","event_key":"k"})"
                                            "\n"),
                  first_ack + granted);
}

CAF_TEST(a bye ends the connection) {
  auto x = consumer("k");
  talk(x, "{\"type\":\"bye\"}\n");
  CAF_CHECK(socket_of(x).shut);
  CAF_CHECK_EQUAL(read_status_now().active_conns, 0);
}

CAF_TEST(a consumer that hangs up is gone from the status) {
  auto x = consumer("k");
  CAF_CHECK_EQUAL(read_status_now().active_conns, 1);
  hang_up(x);
  CAF_CHECK_EQUAL(read_status_now().active_conns, 0);
  CAF_CHECK_EQUAL(say_hello(connect(), "k"), first_ack);
}

CAF_TEST(the cleanup lock goes to the only consumer of its own id) {
  auto x = consumer("k");
  auto y = consumer("k");
  auto z = consumer("other");
  CAF_CHECK_EQUAL(check(x, "k"), refused);
  CAF_CHECK_EQUAL(check(z, "k"), refused);
  hang_up(y);
  CAF_CHECK_EQUAL(check(x, "nobody"), refused);
  CAF_CHECK_EQUAL(check(x, "k"), granted);
  CAF_CHECK_EQUAL(check(x, "k"), refused);
}

CAF_TEST(while the lock is held a hello of that id waits and others do not ) {
  auto x = consumer("k");
  CAF_CHECK_EQUAL(check(x, "k"), granted);
  auto waiting = connect();
  CAF_CHECK_EQUAL(say_hello(waiting, "k"), "");
  CAF_CHECK_EQUAL(say_hello(connect(), "other"), first_ack);
  hang_up(x);
  CAF_CHECK_EQUAL(take(waiting), first_ack);
}

CAF_TEST(a hello waits for the lock no longer than the cleanup wait) {
  CAF_CHECK_EQUAL(check(consumer("k"), "k"), granted);
  auto waiting = connect();
  say_hello(waiting, "k");
  pass(3s);
  CAF_CHECK(has(take(waiting), "\"rejected\":true"));
  CAF_CHECK(socket_of(waiting).shut);
}

CAF_TEST(the lock is given back by a bye as well) {
  auto x = consumer("k");
  CAF_CHECK_EQUAL(check(x, "k"), granted);
  auto waiting = connect();
  say_hello(waiting, "k");
  talk(x, "{\"type\":\"bye\"}\n");
  CAF_CHECK_EQUAL(take(waiting), first_ack);
}

CAF_TEST(one that hangs up while it waits is not let in) {
  auto x = consumer("k");
  check(x, "k");
  auto waiting = connect();
  say_hello(waiting, "k");
  hang_up(waiting);
  hang_up(x);
  CAF_CHECK_EQUAL(say_hello(connect(), "k"), first_ack);
  CAF_CHECK_EQUAL(read_status_now().active_conns, 1);
}

CAF_TEST(nothing of a connection is left when it has ended) {
  std::vector<caf::weak_actor_ptr> parts_of_it;
  auto& sessions = deref<socket_broker_actor::stateful_broker_base<socket_broker_state>>(broker).state.sessions;
  for (auto polite : {true, false}) {
    auto x = consumer("t");
    auto& session = sessions.begin()->second.session;
    parts_of_it.push_back(caf::actor_cast<caf::weak_actor_ptr>(session));
    parts_of_it.push_back(caf::actor_cast<caf::weak_actor_ptr>(
        deref<session_actor::stateful_broker_base<session_state>>(session).state.conn));
    socket_of(x).room = 0;
    talk(connect(), publish_line_of("t") + "{\"type\":\"bye\"}\n");
    if (polite)
      talk(x, "{\"type\":\"bye\"}\n");
    else
      hang_up(x);
    pass(10s); // its timers hold it until they are over
  }
  CAF_CHECK_EQUAL(parts_of_it.size(), 4u);
  for (auto& part : parts_of_it)
    CAF_CHECK(!part.lock());
}

CAF_TEST(a status query is answered while a consumer is going) {
  auto x = consumer("k");
  auto y = connect();
  send(x, "{\"type\":\"bye\"}\n");
  // the hub asks the conn for its counters before it learns that the conn has ended
  send(y, "{\"type\":\"status_query\"}\n");
  settle();
  CAF_CHECK(take(y).starts_with("{\"type\":\"status_response\""));
}

CAF_TEST(a consumer is subscribed to patterns and not to its key beside them) {
  auto x = connect();
  CAF_CHECK(has(say_hello(x, "k", R"(,"patterns":["a.*"])"), "\"patterns\""));
  auto producer = connect();
  talk(producer, publish_line_of("a.b") + publish_line_of("a.b.c") + publish_line_of("k"));
  auto seen = take(x);
  CAF_CHECK_EQUAL(count(seen, "\"type\":\"event\""), 1u);
  CAF_CHECK(has(seen, "\"event_type\":\"a.b\""));
}

CAF_TEST(a hello with what is no pattern is rejected with the way out) {
  auto x = connect();
  auto ack = say_hello(x, "k", R"(,"patterns":["git*"])");
  CAF_CHECK(has(ack, "\"rejected\":true"));
  CAF_CHECK(has(ack, "\"reject_code\":\"bad_hello\""));
  CAF_CHECK(has(ack, "whole tokens"));
}

CAF_TEST(a consumer changes its subscription and its numbers go on) {
  auto x = consumer("t");
  auto producer = connect();
  talk(producer, publish_line_of("t"));
  CAF_CHECK(has(take(x), "\"seq\":1,"));
  CAF_CHECK(has(talk(x, "{\"type\":\"subscribe\",\"event_types\":[\"u\"],\"patterns\":[\"a.>\"]}\n"),
                R"({"type":"subscribed","event_types":["t","u"],"patterns":["a.>"]})"));
  talk(producer, publish_line_of("u") + publish_line_of("a.b"));
  CAF_CHECK(has(take(x), "\"seq\":3,"));
  CAF_CHECK(has(talk(x, "{\"type\":\"unsubscribe\",\"event_types\":[\"t\",\"u\",\"u\"]}\n"),
                R"({"type":"subscribed","patterns":["a.>"]})"));
  talk(producer, publish_line_of("t") + publish_line_of("u") + publish_line_of("a.c"));
  auto seen = take(x);
  CAF_CHECK_EQUAL(count(seen, "\"type\":\"event\""), 1u);
  CAF_CHECK(has(seen, "\"seq\":4,"));
  const auto status = read_status_now();
  CAF_REQUIRE_EQUAL(status.consumers.size(), 1u);
  CAF_CHECK_EQUAL(status.consumers[0].patterns, (std::vector<std::string>{"a.>"}));
}

CAF_TEST(a change that is refused changes nothing) {
  auto x = consumer("t");
  for (auto* line : {R"({"type":"subscribe","patterns":["a*"]})", R"({"type":"unsubscribe","event_types":["t"]})"})
    CAF_CHECK(has(talk(x, std::string{line} + "\n"), "\"code\":\"bad_subscription\""));
  std::string many;
  for (int i = 0; i < 1'024; ++i)
    many += (i == 0 ? "\"" : ",\"") + std::to_string(i) + '"';
  CAF_CHECK(has(talk(x, "{\"type\":\"subscribe\",\"event_types\":[" + many + "]}\n"), "max-event-types"));
  CAF_CHECK(has(talk(x, "{\"type\":\"subscribe\",\"event_types\":[\"u\",\"t\",\"u\"],\"patterns\":[]}\n"),
                R"({"type":"subscribed","event_types":["t","u"]})")); // each once
  auto producer = connect();
  talk(producer, publish_line_of("t") + publish_line_of("1"));
  CAF_CHECK_EQUAL(count(take(x), "\"type\":\"event\""), 1u);
}

CAF_TEST(what a consumer says of its events is in status and what says nothing changes nothing) {
  auto x = consumer("k");
  CAF_CHECK(!read_status_now().consumers.at(0).stats);
  CAF_CHECK_EQUAL(talk(x, "{\"type\":\"stats\",\"handled\":3,\"failed\":2,\"lost\":1}\n"), "");
  auto told = read_status_now().consumers.at(0).stats;
  CAF_CHECK(told == (consumer_stats{3, 2, 1}));
  CAF_CHECK_EQUAL(talk(x, "{\"type\":\"stats\",\"handled\":-1}\n{\"type\":\"stats\",\"handled\":\"4\"}\n"), "");
  told = read_status_now().consumers.at(0).stats;
  CAF_CHECK(told == (consumer_stats{3, 2, 1}));
}

CAF_TEST_FIXTURE_SCOPE_END()
