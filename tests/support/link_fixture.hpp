#pragma once
#include "actors/node_gate.hpp"
#include "io/links/link_broker.hpp"
#include "messages/node_events.hpp"
#include "support/batches.hpp"
#include "support/socket_fixture.hpp"

#include <algorithm>

namespace cafbus {

using namespace std::chrono_literals;

/// A bus with a port for others on CAF's test multiplexer; the test is the other bus.
struct link_fixture : socket_fixture {
  using frames = std::vector<link_frame>;

  link_fixture() {
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
    say(result, {link_greeting{}, link_hello{node, "other", link_resume{}}});
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

  /// One that comes back to what it had before; takes the welcome.
  handle back(const link_resume& to, link_export& got) {
    auto result = call();
    auto answer = say(result, {link_greeting{}, link_hello{7, "other", to}});
    CAF_REQUIRE(answer.size() >= 2);
    got = std::get<link_welcome>(answer[1]).exporter.value();
    return result;
  }

  size_t connected_links() {
    const auto links = read_status_now().links;
    return static_cast<size_t>(
        std::ranges::count_if(links, [](const auto& x) { return x.state == source_state::connected; }));
  }

  /// How many events are in each message with events.
  std::vector<size_t> sizes_of(const frames& x) {
    std::vector<size_t> result;
    for (const auto& frame : x)
      if (const auto* message = std::get_if<link_events>(&frame)) {
        auto decoded = decoder.decode({message->body}, [](const std::string&) { return true; });
        CAF_REQUIRE(!decoded.offence);
        if (decoded.batch)
          result.push_back(decoded.batch->size());
      }
    return result;
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
  events_decoder decoder{{7, parts.node}};
};

} // namespace cafbus
