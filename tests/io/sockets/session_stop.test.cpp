#include "io/sockets/session.hpp"

#include "support/session_fixture.hpp"

using namespace cafbus;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(session_stop_tests, session_fixture)

CAF_TEST(a status query is answered and closed) {
  consumer("k");
  auto x = connect();
  auto answer = talk(x, "{\"type\":\"status_query\"}\n");
  CAF_CHECK(answer.starts_with(R"({"type":"status_response","pid":)"));
  CAF_CHECK(has(answer, R"("active_conns":1,"consumers":[{"pid":1,"event_key":"k",)"));
  CAF_CHECK(socket_of(x).shut);
}

CAF_TEST(a shutdown is refused while a consumer is there unless forced) {
  auto k = consumer("k");
  auto x = connect();
  CAF_CHECK(has(talk(x, "{\"type\":\"shutdown\",\"force\":false}\n"), "\"code\":\"consumers_connected\""));
  CAF_CHECK(alive(parts.bus));
  auto y = connect();
  CAF_CHECK_EQUAL(talk(y, "{\"type\":\"shutdown\",\"force\":true}\n"), "");
  CAF_CHECK(!alive(parts.bus));
  CAF_CHECK(take(k).starts_with("{\"type\":\"bye\",\"reason\":\"requested by pid 4711\"}\n"));
  CAF_CHECK(socket_of(y).shut);
}

CAF_TEST(a bus without a configuration says so when it is asked to read it again) {
  auto x = connect();
  CAF_CHECK(has(talk(x, "{\"type\":\"reload\"}\n"), R"("changed":[],"need_restart":[],"error":"this bus has no conf)"));
  CAF_CHECK(socket_of(x).shut);
}

CAF_TEST(a stopping bus answers everyone) {
  auto consuming = consumer("k");
  auto lock_holder = consumer("l");
  check(lock_holder, "l");
  auto entering = connect();
  say_hello(entering, "l");
  auto producing = connect();
  talk(producing, publish_line_of("k"));
  auto silent = connect();
  take(consuming);
  caf::anon_send(parts.bus, stop_bus{"why", true});
  settle();
  CAF_CHECK_EQUAL(take(consuming), "{\"type\":\"bye\",\"reason\":\"why\"}\n");
  CAF_CHECK_EQUAL(take(producing), "{\"type\":\"bye\",\"reason\":\"why\"}\n");
  CAF_CHECK(has(take(entering), "\"rejected\":true"));
  CAF_CHECK(has(take(silent), "\"code\":\"shutting_down\""));
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a stopping bus hands out what is queued before the bye) {
  auto x = consumer("t");
  socket_of(x).room = 0;
  auto producer = connect();
  for (int i = 0; i < 5; ++i)
    talk(producer, publish_line_of("t"));
  caf::anon_send(parts.bus, stop_bus{"why", true});
  settle();
  CAF_CHECK(alive(parts.bus));
  socket_of(x).room = std::string::npos;
  read_rest(x);
  auto got = take(x);
  CAF_CHECK_EQUAL(count(got, "\"type\":\"event\""), 5u);
  CAF_CHECK(got.ends_with("{\"type\":\"bye\",\"reason\":\"why\"}\n"));
  CAF_CHECK(!alive(parts.bus));
}

CAF_TEST(a consumer that does not read holds a stop up no longer than the drain timeout) {
  auto x = consumer("t");
  socket_of(x).room = 0;
  talk(connect(), publish_line_of("t"));
  caf::anon_send(parts.bus, stop_bus{"why", true});
  pass(2s);
  pass(600ms);
  CAF_CHECK(!alive(parts.bus));
  CAF_CHECK(socket_of(x).shut);
}

CAF_TEST_FIXTURE_SCOPE_END()

namespace {

struct reload_fixture : session_fixture {
  reload_fixture() : reload_fixture{std::make_shared<std::vector<reload_answer>>()} {}
  explicit reload_fixture(std::shared_ptr<std::vector<reload_answer>> x)
    : session_fixture{with(x)}, asked{std::move(x)} {}
  ~reload_fixture() override { asked->clear(); } // before the actor system ends

  static bus_options with(const std::shared_ptr<std::vector<reload_answer>>& list) {
    auto result = quick_options();
    result.on_reload = [list](reload_answer x) { list->push_back(std::move(x)); };
    return result;
  }

  std::shared_ptr<std::vector<reload_answer>> asked;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_reload_tests, reload_fixture)

CAF_TEST(who asks for a reload gets its result and nobody else does) {
  auto k = consumer("k");
  auto x = connect();
  CAF_CHECK_EQUAL(talk(x, "{\"type\":\"reload\"}\n"), "");
  CAF_REQUIRE_EQUAL(asked->size(), 1u);
  asked->front()({"/f", {{"drain", "1s", "2s"}}, {}, "", {}});
  settle();
  CAF_CHECK_EQUAL(take(x),
                  "{\"type\":\"reload_result\",\"file\":\"/f\",\"changed\":[{\"option\":\"drain\",\"from\":\"1s\","
                  "\"to\":\"2s\"}],\"need_restart\":[]}\n");
  CAF_CHECK(socket_of(x).shut);
  CAF_CHECK_EQUAL(take(k), "");
}

CAF_TEST(a result for somebody who has gone is dropped) {
  auto x = connect();
  talk(x, "{\"type\":\"reload\"}\n");
  CAF_REQUIRE_EQUAL(asked->size(), 1u);
  hang_up(x);
  asked->front()({});
  settle();
  CAF_CHECK(alive(parts.bus));
}

CAF_TEST_FIXTURE_SCOPE_END()
