#include "io/sockets/session.hpp"

#include "support/session_fixture.hpp"

using namespace cafbus;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(session_producer_tests, session_fixture)

CAF_TEST(an oversized payload is rejected and the connection goes on) {
  auto x = consumer("t");
  auto producer = connect();
  auto answer = talk(producer, publish_line_of("t", "\"" + std::string(defaults::max_payload_bytes, 'x') + "\"") +
                                   publish_line_of("t"));
  CAF_CHECK(has(answer, R"("accepted":1,"duplicates":0,"rejected":1)"));
  CAF_CHECK(has(take(x), "\"seq\":1,"));
  CAF_CHECK_EQUAL(read_status_now().counters.rejected, 1u);
}

CAF_TEST(a producer is told running totals) {
  consumer("t");
  auto producer = connect();
  auto line = R"({"type":"publish","event_type":"t","event_id":"x","payload":1})"
              "\n";
  CAF_CHECK(has(talk(producer, line), R"("accepted":1,"duplicates":0,"rejected":0)"));
  CAF_CHECK(has(talk(producer, line), R"("accepted":1,"duplicates":1,"rejected":0)"));
  CAF_CHECK(has(talk(producer, "{\"type\":\"publish\"}\n"), R"("accepted":1,"duplicates":1,"rejected":1)"));
}

CAF_TEST(a producer that says bye gets its last ack first) {
  auto x = consumer("t");
  auto producer = connect();
  CAF_CHECK(
      has(talk(producer, publish_line_of("t") + "{\"type\":\"bye\"}\n" + publish_line_of("t")), "\"accepted\":1"));
  CAF_CHECK(socket_of(producer).shut);
  CAF_CHECK_EQUAL(count(take(x), "\"type\":\"event\""), 1u);
}

CAF_TEST(a producer that hangs up at once loses nothing that was read) {
  auto x = consumer("t");
  auto producer = connect();
  send(producer, publish_line_of("t") + publish_line_of("t"));
  hang_up(producer);
  CAF_CHECK_EQUAL(count(take(x), "\"type\":\"event\""), 2u);
}

CAF_TEST(what a producer sent before it went is read though it cannot be answered) {
  auto x = consumer("t");
  auto producer = connect();
  socket_of(producer).broken = true;
  talk(producer, publish_line_of("t"));
  talk(producer, publish_line_of("t"));
  hang_up(producer);
  CAF_CHECK_EQUAL(count(take(x), "\"type\":\"event\""), 2u);
  CAF_CHECK(socket_of(producer).shut);
}

CAF_TEST(a producer that reads no answers is kept and told the newest totals) {
  auto producer = connect();
  socket_of(producer).room = 0;
  for (int i = 0; i < 5'000; ++i)
    talk(producer, publish_line_of("t"));
  pass(60s);
  CAF_CHECK(!socket_of(producer).shut);
  CAF_CHECK_EQUAL(count(std::string(mpx.output_buffer(producer).begin(), mpx.output_buffer(producer).end()), "\n"), 1u);
  socket_of(producer).room = std::string::npos;
  read_rest(producer);
  auto answers = take(producer);
  CAF_CHECK_EQUAL(count(answers, "\n"), 2u);
  CAF_CHECK(has(answers, R"("accepted":1,)"));
  CAF_CHECK(has(answers, R"("accepted":5000,)"));
}

CAF_TEST(lines that a stopping bus no longer takes are not acknowledged) {
  auto x = consumer("t");
  auto producer = connect();
  talk(producer, publish_line_of("t"));
  take(producer);
  caf::anon_send(parts.hub, drain{});
  auto answer = talk(producer, publish_line_of("t") + publish_line_of("t"));
  CAF_CHECK(has(answer, R"("accepted":1,"duplicates":0,"rejected":0)"));
  CAF_CHECK(has(answer, R"("type":"bye")"));
  CAF_CHECK(socket_of(producer).shut);
  CAF_CHECK_EQUAL(count(take(x), "\"type\":\"event\""), 1u);
}

CAF_TEST(nothing more is taken from a producer while the hub has its batch) {
  auto producer = connect();
  auto& sessions = deref<socket_broker_actor::stateful_broker_base<socket_broker_state>>(broker).state.sessions;
  auto& state = deref<session_actor::stateful_broker_base<session_state>>(sessions.begin()->second.session).state;
  talk(producer, publish_line_of("t"));
  state.phase = session_phase::publishing; // as while the hub is in another turn
  socket_of(producer).sent = publish_line_of("t");
  state.on_data(caf::io::new_data_msg{producer, {}});
  CAF_CHECK(mpx.passive_mode(producer));
  CAF_CHECK_EQUAL(socket_of(producer).sent.size(), publish_line_of("t").size());
  state.on_published(published{});
  settle();
  CAF_CHECK(!mpx.passive_mode(producer));
  CAF_CHECK_EQUAL(socket_of(producer).sent, "");
  CAF_CHECK(has(take(producer), "\"accepted\":2"));
}

CAF_TEST_FIXTURE_SCOPE_END()
