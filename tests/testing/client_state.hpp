#pragma once
#include "messages/event_frame.hpp"
#include "testing/schedule.hpp"
#include "testing/simulated_network.hpp"
#include "testing/socket_client.hpp"

#include <caf/typed_actor.hpp>

namespace cafbus::testing {

/// Something has changed at the client's socket, or the client has something to send.
struct wire_stirs {};
/// INTERNAL: what is on its way to the bus has come to its end.
struct bytes_arrive {};
/// INTERNAL: the client reads.
struct client_reads {};

using client_actor =
    caf::typed_actor<caf::reacts_to<wire_stirs>, caf::reacts_to<bytes_arrive>, caf::reacts_to<client_reads>>;

/// A client, its end of the socket and what lies between. Everything runs on the harness's thread.
///
/// Invariant: `stirring`, `arriving` and `reading` iff the message of that name is on its way to `actor`.
struct socket_client::state {
  std::string name;
  client_script script;
  simulated_network* network = nullptr;
  schedule* lot = nullptr;
  caf::io::accept_handle listener;
  int fd = 0; // 1, 2 and so on; never used again
  client_actor actor;
  bool stirring = false;
  bool arriving = false;
  bool reading = false;

  std::string outgoing; // on its way to the bus
  bool ends = false;    // ... and then the end
  bool closes = false;  // it will not read either
  bool stuck = false;
  bool connected = false;
  bool refused = false;
  bool admitted = false;
  bool closed = false;
  uint64_t pieces = 0; // whose fate has been decided

  std::string unread; // the beginning of a line
  std::deque<std::string> lines;
  event_frame_reader reader;
  uint64_t last_seq = 0; // of what has come or was told as lost
  uint64_t events = 0;
  uint64_t lost = 0;
  publish_ack totals;
  uint64_t published = 0;
  std::deque<std::string> unanswered; // types of what was published

  // by the harness; called in the client's turns
  std::function<void(const hello_ack& x)> on_ack;
  std::function<void(const event_frame& x)> on_event;
  std::function<void()> on_publish;
  std::function<void(const std::string& type)> on_taken; // an event of its own
  std::function<void(const std::string& what)> on_breach;
  std::function<void(std::string_view line)> on_line; // for the trace
  std::function<void()> on_end;                       // the bus has closed the connection

  void stir();
  bool is_plain() const; // the harness's laws hold for it
};

/// @param x What it is to do; `actor` is set to what is returned.
client_actor spawn_client(caf::actor_system& system, const std::shared_ptr<socket_client::state>& x);

} // namespace cafbus::testing

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::testing::wire_stirs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::testing::bytes_arrive)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::testing::client_reads)
