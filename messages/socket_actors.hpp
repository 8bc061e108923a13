#pragma once
#include "messages/actors.hpp"
#include "messages/close_reason.hpp"

#include <caf/io/typed_broker.hpp>

/// The interfaces of the actors that own sockets; apart from `actors.hpp` because they need CAF's I/O module.
namespace cafbus {

// -- session: one per connection; owns its socket, its frame splitter and its conn ------------------------------------

/// End. A consumer gets what is queued for it first, at most for `drain_timeout`.
struct close_session {
  close_reason reason = close_reason::bus_stopping;
  std::string bye_reason; ///< For the `bye`, or the text of the `error` frame.
  std::chrono::nanoseconds drain_timeout{0};
};

/// Has the socket taken anything lately?
struct stall_check {};

using session_actor = subscriber_actor::extend<
    // From the multiplexer: bytes.
    caf::reacts_to<caf::io::new_data_msg>,
    // From the multiplexer: the peer has hung up.
    caf::reacts_to<caf::io::connection_closed_msg>,
    // From the multiplexer: write credit.
    caf::reacts_to<caf::io::data_transferred_msg>,
    // From the socket broker.
    caf::reacts_to<close_session>,
    // From the program, which the bus has asked on behalf of this session.
    caf::reacts_to<reload_result>,
    // INTERNAL: timer.
    caf::reacts_to<stall_check>>;

// -- socket_broker: the listener on a socket; forks one session per connection ----------------------------------------

/// The session's first frame is complete.
struct session_established {
  caf::actor_addr session;
  bool asks_only =
      false; ///< A status query, a shutdown or a reload: a stop does not wait for the end of such a session.
};

/// The oldest half-open session has had its time.
struct first_frame_due {};

/// The listener is still paused.
struct evict_half_open {};

using socket_broker_actor = listener_actor::extend<
    // From the multiplexer.
    caf::reacts_to<caf::io::new_connection_msg>,
    // From the multiplexer.
    caf::reacts_to<caf::io::acceptor_closed_msg>,
    // From sessions.
    caf::reacts_to<session_established>,
    // INTERNAL: timer.
    caf::reacts_to<first_frame_due>,
    // INTERNAL: timer.
    caf::reacts_to<evict_half_open>>;

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::close_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::reload_result)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::stall_check)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::session_established)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::first_frame_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::evict_half_open)
