#include "support/link_fixture.hpp"

#include "config/link_limits.hpp"

using namespace cafbus;

CAF_TEST_FIXTURE_SCOPE(link_session_tests, link_fixture)

CAF_TEST(a bus that calls is greeted and welcomed and gets what it asks for) {
  auto x = call();
  CAF_CHECK(say(x, {link_greeting{}}) == frames{link_greeting{}});
  auto answer = say(x, {link_hello{7, "other", link_resume{}}});
  CAF_REQUIRE(answer.size() == 1 && std::holds_alternative<link_welcome>(answer[0]));
  CAF_CHECK_EQUAL(std::get<link_welcome>(answer[0]).node, parts.node);
  ask_for_events(x, 7);
  publish_here(3);
  auto got = heard(x);
  CAF_REQUIRE(got.size() == 1 && std::holds_alternative<link_events>(got[0]));
  auto events = events_decoder{{7, parts.node}}.decode({std::get<link_events>(got[0]).body},
                                                       [](const std::string& type) { return type == "t"; });
  CAF_REQUIRE(events.batch != nullptr);
  CAF_CHECK_EQUAL(events.batch->size(), 3u);
}

CAF_TEST(nothing is said to whoever has not greeted) {
  auto x = call();
  CAF_CHECK(heard(x).empty());
  send(x, "GET / HTTP/1.0\r\n\r\n");
  settle();
  CAF_CHECK_EQUAL(take(x), "");
  CAF_CHECK(socket_of(x).shut);
}

CAF_TEST(an offence ends its connection and no other) {
  auto good = linked(7);
  auto bad = linked(8);
  send(bad, std::string("\xff\xff\xff\xff\x06", 5));
  settle();
  CAF_CHECK(socket_of(bad).shut);
  CAF_CHECK(!socket_of(good).shut);
  publish_here(1);
  CAF_CHECK_EQUAL(heard(good).size(), 1u);
  CAF_CHECK_EQUAL(connected_links(), 1u);
}

CAF_TEST(so many messages are on their way as the window holds) {
  auto x = linked();
  for (uint32_t i = 0; i < link_window(highest_link_protocol) + 3; ++i)
    publish_here(1);
  CAF_CHECK_EQUAL(heard(x).size(), size_t{link_window(highest_link_protocol)});
  auto more = say(x, {link_events_taken{}});
  CAF_REQUIRE(more.size() == 1);
  CAF_CHECK_EQUAL(say(x, frames(link_window(highest_link_protocol), link_events_taken{})).size(), 0u);
}

CAF_TEST(a link that takes nothing for the write timeout ends) {
  auto x = linked();
  publish_here(1);
  heard(x);
  for (int i = 0; i < 4 && !socket_of(x).shut; ++i) {
    pass(2s);
    if (!socket_of(x).shut)
      send(x, encode_link(link_pong{})); // it is there, and takes nothing
    settle();
  }
  CAF_CHECK(socket_of(x).shut);
}

CAF_TEST(each end is asked every two seconds and given up after six) {
  auto x = linked();
  pass(2s);
  CAF_CHECK(heard(x) == frames{link_ping{}});
  send(x, encode_link(link_pong{}));
  for (int i = 0; i < 2; ++i)
    pass(2s);
  CAF_CHECK(!socket_of(x).shut);
  pass(2s);
  CAF_CHECK(socket_of(x).shut);
  CAF_CHECK_EQUAL(bye_of(heard(x)), "it has been silent for too long");
  CAF_CHECK_EQUAL(connected_links(), 0u);
}

CAF_TEST(who changes an interest in much at once waits for the answer and who gives it up does not) {
  auto x = call();
  say(x, {link_greeting{}, link_hello{7, "other", link_resume{}}});
  node_interest interest;
  for (int i = 0; i < 2'000; ++i) {
    interest.types.push_back("t" + std::to_string(i) + ".>");
    interest.via.push_back({7});
    interest.is_pattern.push_back(true);
  }
  auto has_answer = [](const frames& y) { return std::ranges::count(y, link_frame{link_interest_taken{}}) == 1; };
  CAF_CHECK(has_answer(say(x, {interest})));
  CAF_CHECK(!has_answer(say(x, {interest})));
  pass(2'000 * defaults::link_interest_pause);
  CAF_CHECK(has_answer(heard(x)));
  CAF_CHECK(has_answer(say(x, {node_interest{}})));
  CAF_CHECK(!socket_of(x).shut);
}

CAF_TEST(whoever does not introduce itself in time is closed) {
  auto x = call();
  say(x, {link_greeting{}});
  pass(defaults::node_connect_timeout);
  CAF_CHECK(socket_of(x).shut);
}

CAF_TEST(of too many that are half way in the oldest goes and a link stays) {
  auto link = linked();
  std::vector<handle> silent;
  for (int i = 0; i < 5; ++i)
    silent.push_back(call());
  CAF_CHECK(socket_of(silent[0]).shut);
  CAF_CHECK(!socket_of(silent[4]).shut);
  CAF_CHECK(!socket_of(link).shut);
}

CAF_TEST(at the limit of descriptors nobody is accepted until one has left) {
  std::vector<handle> links;
  for (uint64_t i = 0; i < 8; ++i)
    links.push_back(linked(10 + i));
  CAF_CHECK(mpx.passive_mode(link_acceptor));
  hang_up(links[0]);
  CAF_CHECK(!mpx.passive_mode(link_acceptor));
}

CAF_TEST(a bus that comes again gets a new link in place of the old) {
  auto first = linked(7);
  auto second = linked(7);
  CAF_CHECK(socket_of(first).shut);
  CAF_CHECK(!socket_of(second).shut);
}

CAF_TEST(whoever claims to be this bus is refused with a reason) {
  auto x = call();
  say(x, {link_greeting{}});
  auto answer = say(x, {link_hello{parts.node, "myself", link_resume{}}});
  CAF_REQUIRE(answer.size() == 1);
  CAF_CHECK_EQUAL(std::get<link_welcome>(answer[0]).refused, "it is this bus itself");
}

CAF_TEST(a process of another user is not let in) {
  calls.uid = ::geteuid() + 1;
  auto x = handle::from_int(++last_handle);
  mpx.add_pending_connect(link_acceptor, x);
  mpx.try_accept_connection();
  settle();
  CAF_CHECK_EQUAL(take(x), "");
  CAF_CHECK(mpx.stopped_reading(x));
  calls.uid = ::geteuid();
}

CAF_TEST(so many handshakes begin within a window and those of known hosts apart) {
  handshake_pace pace;
  const handshake_pace::time_point now{1h};
  for (uint32_t i = 0; i < defaults::handshakes_per_window; ++i)
    CAF_CHECK(pace.begin("10.0.0." + std::to_string(i), now));
  CAF_CHECK(!pace.begin("10.0.1.1", now + defaults::handshake_window - 1ms));
  pace.know("10.0.1.1");
  CAF_CHECK(pace.begin("10.0.1.1", now + defaults::handshake_window - 1ms));
  CAF_CHECK(pace.begin("10.0.1.2", now + defaults::handshake_window));
}

CAF_TEST(a peer that pings and does not read is closed) {
  auto x = linked();
  socket_of(x).room = 0;
  for (int i = 0; i < 3'000 && !socket_of(x).shut; ++i) {
    send(x, encode_link(link_ping{}));
    settle();
  }
  CAF_CHECK(socket_of(x).shut);
}

CAF_TEST_FIXTURE_SCOPE_END()
