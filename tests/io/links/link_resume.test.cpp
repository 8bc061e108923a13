// What a bus does for another one whose link is lost, and what an older one gets that cannot resume its link.

#include "support/link_fixture.hpp"

#include "messages/link_bytes.hpp"

using namespace cafbus;
using namespace std::string_literals;

CAF_TEST_FIXTURE_SCOPE(link_resume_tests, link_fixture)

CAF_TEST(a link that was lost is resumed with what was not taken) {
  auto first = linked(7);
  publish_here(1);
  publish_here(2);
  publish_here(3);
  CAF_CHECK_EQUAL(sizes_of(heard(first)), (std::vector<size_t>{1, 2, 3}));
  say(first, {link_events_taken{}});
  hang_up(first);
  publish_here(4);
  auto links = read_status_now().links;
  CAF_REQUIRE_EQUAL(links.size(), 1u);
  CAF_CHECK(links[0].state == source_state::reconnecting);
  CAF_CHECK_EQUAL(links[0].detail, "waiting for its peer, 0 s of 60 s, 4 queued");
  // of the streams, the one of 1 and the one of 2, whose acknowledgement was lost
  link_export got;
  auto second = back({parts.node, 1, 3}, got);
  CAF_CHECK(got == (link_export{1, true}));
  CAF_CHECK(heard(second).empty()); // it has not said what it wants
  auto answer = say(second, {node_interest{{"t"}, {{7}}}});
  CAF_CHECK_EQUAL(sizes_of(answer), (std::vector<size_t>{3, 4}));
  CAF_CHECK(std::holds_alternative<link_interest_taken>(answer.back()));
  CAF_CHECK_EQUAL(connected_links(), 1u);
}

CAF_TEST(a connection that hangs is replaced by the one that resumes its link) {
  auto first = linked(7);
  publish_here(5);
  heard(first);
  link_export got;
  auto second = back({parts.node, 1, 1}, got);
  CAF_CHECK(got.resumed);
  CAF_CHECK(socket_of(first).shut);
  CAF_CHECK_EQUAL(sizes_of(say(second, {node_interest{{"t"}, {{7}}}})), (std::vector<size_t>{5}));
}

CAF_TEST(a bus that does not know what it had gets nothing of it) {
  auto first = linked(7);
  hang_up(first);
  publish_here(5);
  link_export got;
  auto second = back({}, got);
  CAF_CHECK(got == (link_export{2, false}));
  CAF_CHECK(sizes_of(say(second, {node_interest{{"t"}, {{7}}}})).empty());
  hang_up(second);
  back({parts.node, 1, 0}, got); // that one is gone
  CAF_CHECK(got == (link_export{3, false}));
  CAF_CHECK_EQUAL(read_status_now().links.size(), 1u);
}

CAF_TEST(whoever has taken what was not sent loses its link) {
  auto first = linked(7);
  hang_up(first);
  link_export got;
  auto second = back({parts.node, 1, 1'000}, got);
  CAF_CHECK(socket_of(second).shut);
  CAF_CHECK(read_status_now().links.empty());
}

CAF_TEST(a link waits for its peer for as long as the grace) {
  auto first = linked(7);
  hang_up(first);
  pass(59s);
  CAF_CHECK_EQUAL(read_status_now().links.size(), 1u);
  pass(1s);
  CAF_CHECK(read_status_now().links.empty());
}

CAF_TEST(a peer that comes again and takes nothing does not prolong the grace) {
  auto last = linked(7);
  publish_here(1);
  heard(last);
  hang_up(last);
  link_export got{1, true};
  for (int i = 0; i < 7 && got.resumed; ++i) {
    pass(10s);
    last = back({parts.node, 1, 1}, got);
    say(last, {node_interest{{"t"}, {{7}}}});
    hang_up(last);
  }
  CAF_CHECK(!got.resumed);
}

CAF_TEST(one that wants nothing when it is lost is not kept) {
  auto first = linked(7);
  say(first, {node_interest{}});
  hang_up(first);
  CAF_CHECK(read_status_now().links.empty());
}

CAF_TEST(a bus of the first protocol is linked and told how much its link has dropped) {
  options.queue_capacity = 2;
  caf::anon_send(parts.bus, reconfigure{options});
  auto x = call();
  send(x, "cafbus-link\n\1\0\1\0"s);                                  // it speaks the first one only
  send(x, "\x0f\0\0\0\1"s + "\7\0\0\0\0\0\0\0"s + "\5\0"s + "older"); // hello
  settle();
  send(x, "\x10\0\0\0\3"s + "\1\0\0\0"s + "\1\0t\1"s + "\7\0\0\0\0\0\0\0"s); // interest
  settle();
  pass(10ms);
  std::string welcome = "\x0a\0\0\0\2"s;
  add_number(welcome, parts.node);
  CAF_CHECK_EQUAL(take(x), encode_link(link_greeting{}) + welcome + "\0\0"s + "\0\0\0\0\4"s);
  events_decoder older{{7, parts.node, 1}};
  uint64_t events = 0, dropped = 0;
  auto read = [&](std::string bytes) {
    while (!bytes.empty()) {
      link_bytes in{bytes};
      const auto size = in.number<uint32_t>();
      CAF_REQUIRE_EQUAL(in.number<uint8_t>(), static_cast<uint8_t>(link_kind::events));
      auto decoded = older.decode({std::string{in.take(size)}}, [](const std::string& type) { return type == "t"; });
      CAF_REQUIRE(!decoded.offence && decoded.batch);
      CAF_CHECK(decoded.streams.empty());
      events += decoded.batch->size();
      dropped = decoded.dropped;
      bytes.erase(0, link_header_bytes + size);
      send(x, "\0\0\0\0\6"s); // taken
    }
    settle();
  };
  for (int i = 0; i < 20; ++i)
    publish_here(1);
  for (auto bytes = take(x); !bytes.empty(); bytes = take(x))
    read(bytes);
  CAF_CHECK(dropped > 0);
  CAF_CHECK_EQUAL(events + dropped, 20u);
  CAF_CHECK_EQUAL(connected_links(), 1u);
  hang_up(x);
  CAF_CHECK(read_status_now().links.empty()); // it could not resume it
}

CAF_TEST_FIXTURE_SCOPE_END()
