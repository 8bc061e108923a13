#pragma once
#include "messages/actors.hpp"
#include "messages/close_reason.hpp"

#include <caf/io/typed_broker.hpp>

/// The interfaces of the actors that own sockets; apart from `actors.hpp` because they need CAF's I/O module.
namespace cafbus {

// -- link: one a connection; owns its socket, its frame splitter and its conn
// --------------------------------------------

/// Broker -> link: end. A consumer gets what is queued for it first, at most for `drain_timeout`.
struct close_link {
  close_reason reason = close_reason::bus_stopping;
  std::string bye_reason; ///< For the `bye`, or the text of the `error` frame.
  std::chrono::nanoseconds drain_timeout{0};
};
/// INTERNAL timer: has the socket taken anything lately?
struct stall_check {};

using link_actor = subscriber_actor                         // deliveries, from its conn
    ::extend_with<caf::io::connection_handler>              // bytes, from the multiplexer
    ::extend<caf::reacts_to<caf::io::data_transferred_msg>, // write credit, from the multiplexer
             caf::reacts_to<close_link>,                    // from the socket broker
             caf::reacts_to<stall_check>>;                  // INTERNAL

// -- socket_broker: owns the listening socket; forks one link a connection
// -------------------------------------------------

/// Link -> broker: its first frame is complete.
struct link_established {
  caf::actor_addr link;
  bool asks_only = false; ///< A status query or a shutdown: nobody waits for such a link's end.
};
/// INTERNAL timer: the oldest half-open link has had its time.
struct first_frame_due {};

/// INTERNAL timer: the listener is still paused.
struct make_room {};

using socket_broker_actor = listener_actor     // from the bus
    ::extend_with<caf::io::accept_handler>     // connections, from the multiplexer
    ::extend<caf::reacts_to<link_established>, // from links
             caf::reacts_to<first_frame_due>,  // INTERNAL
             caf::reacts_to<make_room>>;       // INTERNAL

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::close_link)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::stall_check)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::link_established)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::first_frame_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::make_room)
