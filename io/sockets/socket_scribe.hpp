#pragma once
#include <caf/fwd.hpp>
#include <caf/io/doorman.hpp>
#include <caf/io/scribe.hpp>

namespace cafbus {

/// A doorman whose connections tell their broker that they are readable and leave the reading to it: each
/// `new_data_msg` stands for "there is something", its content means nothing. They tell it once a round of the
/// multiplexer, so that a producer which never stops shares the thread with all others.
///
/// CAF 0.17: its own scribe reads into a buffer of its own per connection, which it zeroes before each read, and reads
/// once more to learn that nothing is left.
/// @param fd A listening socket, which the doorman owns from now on.
/// @pre CAF's default multiplexer.
caf::io::doorman_ptr make_socket_doorman(caf::actor_system& system, int fd);

/// The same on a listening socket that another process has, too, and that must outlive us: it is closed here, but not
/// shut down.
caf::io::doorman_ptr make_shared_doorman(caf::actor_system& system, int fd);

/// A listener whose connections are read by CAF; the same ownership.
caf::io::doorman_ptr make_link_doorman(caf::actor_system& system, int fd);

/// A connection that is read by CAF.
caf::io::scribe_ptr make_link_scribe(caf::actor_system& system, int fd);

} // namespace cafbus
