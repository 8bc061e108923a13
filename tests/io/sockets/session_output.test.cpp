#include "io/sockets/session_output.hpp"

#include "support/session_fixture.hpp"

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

struct fixture : session_fixture {
  /// What a consumer gets that does not read while thirty events come.
  std::string read_after_thirty_events(handle x) {
    auto producer = connect();
    socket_of(x).room = 0;
    for (int i = 0; i < 30; ++i)
      talk(producer, publish_line_of("t", std::to_string(i)));
    socket_of(x).room = std::string::npos;
    read_rest(x);
    return take(x);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_output_tests, fixture)

CAF_TEST(a consumer that does not read loses the oldest events and sees the gap) {
  auto x = consumer("t");
  auto good = consumer("t");
  auto producer = connect();
  socket_of(x).room = 0;
  for (int i = 0; i < 30; ++i)
    talk(producer, publish_line_of("t", std::to_string(i)));
  CAF_CHECK_EQUAL(count(take(good), "\"type\":\"event\""), 30u);
  auto status = read_status_now();
  CAF_CHECK_EQUAL(status.consumers[0].dropped, 19u);
  CAF_CHECK_EQUAL(status.consumers[1].dropped, 0u);
  socket_of(x).room = std::string::npos;
  read_rest(x);
  auto got = take(x);
  CAF_CHECK(has(got, "\"seq\":1,\"payload\":0}"));
  CAF_CHECK(!has(got, "\"seq\":20,"));
  CAF_CHECK(has(got, "\"seq\":21,\"payload\":20}"));
  CAF_CHECK(has(got, "\"seq\":30,\"payload\":29}"));
}

CAF_TEST(a consumer that asked for it sees a gap frame in place of the hole) {
  auto x = connect();
  say_hello(x, "t", R"(,"capabilities":["gap"])");
  auto got = read_after_thirty_events(x);
  auto gap = got.find(R"({"type":"gap","from_seq":2,"to_seq":20,"count":19,"reason":"queue_full"})"
                      "\n");
  CAF_REQUIRE(gap != std::string::npos);
  CAF_CHECK(got.find("\"seq\":1,") < gap);
  CAF_CHECK(gap < got.find("\"seq\":21,"));
  CAF_CHECK_EQUAL(count(got, "\"type\":\"gap\""), 1u);
}

CAF_TEST(a consumer that wants to be disconnected is told why behind what it has got) {
  auto x = connect();
  say_hello(x, "t", R"(,"policy":"disconnect")");
  auto got = read_after_thirty_events(x);
  CAF_CHECK(has(got, "\"seq\":1,"));
  CAF_CHECK(got.ends_with("{\"type\":\"bye\",\"reason\":\"evicted\"}\n"));
  CAF_CHECK(socket_of(x).shut);
  CAF_CHECK_EQUAL(read_status_now().active_conns, 0);
}

CAF_TEST(a publisher waits for a consumer with the policy block and is told of in status) {
  auto x = connect();
  say_hello(x, "t", R"(,"policy":"block","queue_capacity":2,"block_ms":3000)");
  auto producer = connect();
  socket_of(x).room = 0;
  size_t answered = 0;
  while (answered < 30 && has(talk(producer, publish_line_of("t")), "publish_ack"))
    ++answered;
  CAF_CHECK_LESS(answered, 5u);
  auto status = read_status_now().consumers[0];
  CAF_CHECK(status.policy == queue_policy::block);
  CAF_CHECK_EQUAL(status.blocks.size(), 1u);
  CAF_CHECK_EQUAL(status.dropped, 0u);
  pass(3s - 1ms);
  CAF_CHECK(take(producer).empty());
  pass(1ms);
  CAF_CHECK(has(take(producer), "publish_ack"));
  CAF_CHECK(has(talk(producer, publish_line_of("t")), "publish_ack")); // nobody waits twice for one that has not moved
  CAF_CHECK(read_status_now().consumers[0].blocks.empty());
}

CAF_TEST(a publisher goes on as soon as the consumer that it waits for has room) {
  auto x = connect();
  say_hello(x, "t", R"(,"policy":"block","queue_capacity":2)");
  auto producer = connect();
  socket_of(x).room = 0;
  size_t sent = 1;
  while (sent < 30 && has(talk(producer, publish_line_of("t")), "publish_ack"))
    ++sent;
  socket_of(x).room = std::string::npos;
  read_rest(x);
  CAF_CHECK(has(take(producer), "publish_ack"));
  CAF_CHECK_EQUAL(count(take(x), "\"type\":\"event\""), sent);
}

CAF_TEST(a publisher that asked to waits for consumers that are behind and delays nobody else) {
  auto x = connect();
  say_hello(x, "t", R"(,"queue_capacity":4)");
  socket_of(x).room = 0;
  auto patient = connect();
  CAF_CHECK(has(talk(patient, publish_line_of("t")), "publish_ack"));
  send(patient, "{\"type\":\"wait_for_room\",\"wait_ms\":2000}\n");
  size_t sent = 2;
  while (sent < 30 && has(talk(patient, publish_line_of("t")), "publish_ack"))
    ++sent;
  CAF_CHECK_LESS(sent, 5u);
  auto other = connect();
  CAF_CHECK(has(talk(other, publish_line_of("t")), "publish_ack"));
  CAF_CHECK(take(patient).empty());
  socket_of(x).room = std::string::npos;
  read_rest(x);
  CAF_CHECK(has(take(patient), "publish_ack"));
  CAF_CHECK_EQUAL(count(take(x), "\"type\":\"event\""), sent + 1);
}

CAF_TEST(a publisher waits no longer than it wanted for a consumer that does not move) {
  auto x = connect();
  say_hello(x, "t", R"(,"queue_capacity":4)");
  socket_of(x).room = 0;
  auto patient = connect();
  talk(patient, publish_line_of("t"));
  send(patient, "{\"type\":\"wait_for_room\",\"wait_ms\":2000}\n");
  size_t answered = 0;
  while (answered < 30 && has(talk(patient, publish_line_of("t")), "publish_ack"))
    ++answered;
  CAF_CHECK_LESS(answered, 30u);
  pass(2s - 1ms);
  CAF_CHECK(take(patient).empty());
  pass(1ms);
  CAF_CHECK(has(take(patient), "publish_ack"));
  CAF_CHECK(has(talk(patient, publish_line_of("t")), "publish_ack"));
}

CAF_TEST(a consumer without progress for the write timeout is closed as stalled) {
  auto x = consumer("t");
  socket_of(x).room = 10;
  talk(connect(), publish_line_of("t"));
  pass(5s - 1ms);
  CAF_CHECK(!socket_of(x).shut);
  pass(1ms);
  CAF_CHECK(socket_of(x).shut);
  CAF_CHECK_EQUAL(read_status_now().active_conns, 0);
}

CAF_TEST(a consumer that reads a little is not stalled) {
  auto x = consumer("t");
  socket_of(x).room = 10;
  auto producer = connect();
  for (int i = 0; i < 5; ++i) {
    talk(producer, publish_line_of("t"));
    pass(4s);
    read_rest(x);
    socket_of(x).room = 10;
  }
  pass(4s);
  CAF_CHECK(!socket_of(x).shut);
}

CAF_TEST(a broken socket ends the connection and counts nothing as delivered) {
  auto x = consumer("t");
  socket_of(x).broken = true;
  talk(connect(), publish_line_of("t"));
  CAF_CHECK(socket_of(x).shut);
  CAF_CHECK_EQUAL(read_status_now().active_conns, 0);
}

CAF_TEST(an ack that cannot be written leaves nothing behind) {
  auto x = connect();
  socket_of(x).broken = true;
  say_hello(x, "k");
  CAF_CHECK(socket_of(x).shut);
  CAF_CHECK_EQUAL(read_status_now().active_conns, 0);
  CAF_CHECK_EQUAL(say_hello(connect(), "k"), first_ack);
}

CAF_TEST(a peer that asks and does not read is closed) {
  auto x = consumer("k");
  socket_of(x).room = 0;
  for (int i = 0; i < 3'000 && !socket_of(x).shut; ++i)
    check(x, "k");
  CAF_CHECK(socket_of(x).shut);
}

CAF_TEST(a consumer that asks and does not read is closed whatever else waits for it) {
  auto x = consumer("k");
  socket_of(x).room = 10;
  talk(connect(), publish_line_of("k"));
  for (int i = 0; i < 3'000 && !socket_of(x).shut; ++i)
    check(x, "k");
  CAF_CHECK(socket_of(x).shut);
}

CAF_TEST(what a consumer has not read of a large event is not copied for it) {
  auto x = consumer("t");
  auto reader = consumer("t");
  socket_of(x).room = 1'000;
  auto payload = '"' + std::string(100'000, 'x') + '"';
  talk(connect(), publish_line_of("t", payload));
  auto got = take(x);
  send(x, R"({"type":"pre_shutdown_check","event_key":"t"})"
          "\n");
  settle();
  auto whole = take(reader);
  CAF_CHECK(whole.size() > 100'000u);
  size_t rounds = 0;
  for (; !mpx.output_buffer(x).empty() && rounds < 100; ++rounds) {
    CAF_CHECK(mpx.output_buffer(x).size() <= 4'096u);
    socket_of(x).room = 20'000;
    read_rest(x);
    got += take(x);
  }
  CAF_CHECK(rounds < 20);
  CAF_REQUIRE(got.size() > whole.size());
  CAF_CHECK(got.substr(0, whole.size()) == whole);
  CAF_CHECK(has(got.substr(whole.size()), "pre_shutdown_ack"));
}

CAF_TEST(a consumer that makes room between two writes of a large event gets the next one) {
  auto x = consumer("t");
  auto producer = connect();
  auto payload = '"' + std::string(100'000, 'x') + '"';
  socket_of(x).reads_on = true;
  for (int i = 1; i <= 3; ++i) {
    socket_of(x).room = 1'000;
    talk(producer, publish_line_of("t", payload));
    while (!mpx.output_buffer(x).empty())
      read_rest(x);
    auto got = take(x);
    CAF_CHECK(has(got, "\"seq\":" + std::to_string(i) + ","));
    CAF_CHECK(got.size() > payload.size() && got.back() == '\n');
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
