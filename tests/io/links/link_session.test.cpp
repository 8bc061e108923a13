#include "support/socket_fixture.hpp"

#include "actors/node_gate.hpp"
#include "config/link_limits.hpp"
#include "io/links/link_broker.hpp"
#include "messages/node_events.hpp"
#include "support/batches.hpp"

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

/// A bus with a port for others on CAF's test multiplexer; the test is the other bus.
struct fixture : socket_fixture {
  using frames = std::vector<link_frame>;

  fixture() {
    link_broker_options how;
    how.bus = parts.bus;
    how.gate = spawn_node_gate(sys, parts, options);
    how.terms = std::make_shared<link_terms>();
    how.transport = link_transport::unix_socket;
    how.descriptors = 8;
    how.calls = &calls;
    door = mm.spawn_broker(link_broker, mpx.new_doorman(link_acceptor, uint16_t{2}), how);
    settle();
  }

  /// CAF reads the sockets of links, unlike those of local peers.
  void send(handle to, std::string_view bytes) { mpx.virtual_send(to, {bytes.begin(), bytes.end()}); }

  handle call() {
    auto result = handle::from_int(++last_handle);
    mpx.add_pending_connect(link_acceptor, result);
    CAF_REQUIRE(mpx.try_accept_connection());
    settle();
    readers.emplace(result.id(), link_reader{link_side::caller});
    return result;
  }

  /// Sends frames and returns what has come back; keeps the book of a well-behaved peer.
  frames say(handle to, const frames& what) {
    auto& reader = readers.at(to.id());
    for (const auto& x : what) {
      if (std::holds_alternative<link_hello>(x))
        reader.sent(link_kind::hello);
      if (std::holds_alternative<node_interest>(x))
        reader.sent(link_kind::interest);
      if (std::holds_alternative<link_events_taken>(x))
        reader.sent(link_kind::events_taken);
      if (std::holds_alternative<link_ping>(x))
        reader.sent(link_kind::ping);
      send(to, encode_link(x));
    }
    return heard(to);
  }

  frames heard(handle from) {
    settle();
    pass(10ms); // interest is collected for a while
    auto bytes = take(from);
    frames result;
    auto& reader = readers.at(from.id());
    for (std::string_view rest = bytes; !rest.empty();) {
      rest.remove_prefix(reader.read(rest));
      CAF_REQUIRE(!reader.offence());
      if (auto frame = reader.frame())
        result.push_back(std::move(*frame));
    }
    return result;
  }

  /// A link that asks for events of type t.
  handle linked(uint64_t node = 7) {
    auto result = call();
    say(result, {link_greeting{}, link_hello{node, "other"}});
    ask_for_events(result, node);
    return result;
  }

  /// Of type t; takes the answer, which says how far its streams are.
  void ask_for_events(handle of, uint64_t node) {
    auto answer = say(of, {node_interest{{"t"}, {{node}}}});
    CAF_REQUIRE_EQUAL(answer.size(), 2u);
    CAF_CHECK(std::holds_alternative<link_events>(answer[0]));
    CAF_CHECK(std::holds_alternative<link_interest_taken>(answer[1]));
    CAF_CHECK(say(of, {link_events_taken{}}).empty());
  }

  void publish_here(size_t n) {
    caf::anon_send(parts.hub, cafbus::publish{numbered_batch(n), 0});
    settle();
  }

  std::string bye_of(const frames& x) {
    const auto* result = x.empty() ? nullptr : std::get_if<link_bye>(&x.back());
    return result ? result->reason : "none";
  }

  caf::io::accept_handle link_acceptor = caf::io::accept_handle::from_int(2);
  link_broker_actor door;
  std::map<int64_t, link_reader> readers;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(link_session_tests, fixture)

CAF_TEST(a bus that calls is greeted and welcomed and gets what it asks for) {
  auto x = call();
  CAF_CHECK(say(x, {link_greeting{}}) == frames{link_greeting{}});
  auto answer = say(x, {link_hello{7, "other"}});
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
  CAF_CHECK_EQUAL(read_status_now().links.size(), 1u);
}

CAF_TEST(so many messages are on their way as the window holds) {
  auto x = linked();
  for (uint32_t i = 0; i < link_window + 3; ++i)
    publish_here(1);
  CAF_CHECK_EQUAL(heard(x).size(), size_t{link_window});
  auto more = say(x, {link_events_taken{}});
  CAF_REQUIRE(more.size() == 1);
  CAF_CHECK_EQUAL(say(x, frames(link_window, link_events_taken{})).size(), 0u);
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
  CAF_CHECK(read_status_now().links.empty());
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
  auto answer = say(x, {link_hello{parts.node, "myself"}});
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
