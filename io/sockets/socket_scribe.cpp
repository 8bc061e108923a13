#include "io/sockets/socket_scribe.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/io/network/scribe_impl.hpp>
#include <caf/io/network/stream.hpp>
#include <caf/make_counted.hpp>
#include <caf/policy/tcp.hpp>
#include <utility>

namespace cafbus {

namespace {

namespace network = caf::io::network;

/// CAF 0.17 never frees what comes and goes in one turn of its loop: the two changes of the loop cancel each other out,
/// and nobody tells it that it has left. Here it is told in a later turn.
/// @param keep Owns `x`, which has been asked to leave.
template <class Owner>
void leave_surely(network::default_multiplexer& multiplexer, caf::intrusive_ptr<Owner> keep,
                  network::event_handler& x) {
  if (x.eventbf() != 0)
    return; // it is in the loop
  multiplexer.post([keep = std::move(keep), handler = &x] {
    if (handler->eventbf() != 0)
      return;
    handler->removed_from_loop(network::operation::read);
    handler->removed_from_loop(network::operation::write);
  });
}

/// CAF's stream, but for what a read is.
class socket_stream final : public network::stream {
public:
  using stream::stream;

  /// CAF 0.17: who was halted in this turn of the loop has not left it yet, and CAF takes it for one that reads
  /// already; then it would leave, and nothing of it would ever be read again. This calls its leave off.
  void read_on(network::stream_manager* reader) {
    activate(reader);
    event_handler::activate();
  }

  void handle_event(network::operation x) override {
    readable_ = x == network::operation::read;
    handle_event_impl(x, *this);
  }

  // -- what handle_event_impl wants of a policy ---------------------------------------------------------------------

  network::rw_state read_some(size_t& size, network::native_socket, void*, size_t) {
    size = 1; // of the byte that the broker is not to look at
    return std::exchange(readable_, false) ? network::rw_state::success : network::rw_state::indeterminate;
  }
  static network::rw_state write_some(size_t& size, network::native_socket fd, const void* data, size_t n) {
    return caf::policy::tcp::write_some(size, fd, data, n);
  }
  static constexpr bool must_read_more(network::native_socket, size_t) { return false; }

private:
  bool readable_ = false;
};

/// CAF's scribe_impl over that stream.
class socket_scribe final : public caf::io::scribe {
public:
  socket_scribe(network::default_multiplexer& multiplexer, network::native_socket fd)
    : scribe{caf::io::connection_handle::from_int(fd)}, stream_{multiplexer, fd} {
    stream_.configure_read(caf::io::receive_policy::at_most(1));
  }

  /// Starts reading; there is nothing to configure.
  void configure_read(caf::io::receive_policy::config) override {
    if (!std::exchange(launched_, true))
      stream_.start(this);
  }
  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void flush() override { stream_.flush(this); }
  void graceful_shutdown() override {
    caf::intrusive_ptr<socket_scribe> keep{this};
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
    leave_surely(stream_.backend(), std::move(keep), stream_);
  }
  void add_to_loop() override { stream_.read_on(this); }
  void remove_from_loop() override { stream_.passivate(); }

  // CAF 0.17: its own would abort on AF_UNIX
  std::string addr() const override { return {}; }
  uint16_t port() const override { return 0; }

private:
  bool launched_ = false;
  socket_stream stream_;
};

/// CAF's own, which leaves surely.
class leaving_scribe final : public network::scribe_impl {
public:
  using scribe_impl::scribe_impl;

  void graceful_shutdown() override {
    caf::intrusive_ptr<leaving_scribe> keep{this};
    scribe_impl::graceful_shutdown();
    leave_surely(stream_.backend(), std::move(keep), stream_);
  }
};

/// The same of CAF's doorman, for scribes of this kind.
template <class Scribe>
class leaving_doorman : public network::doorman_impl {
public:
  using doorman_impl::doorman_impl;

  bool new_connection() override {
    if (detached())
      return false;
    auto& multiplexer = acceptor_.backend();
    auto accepted = caf::make_counted<Scribe>(multiplexer, acceptor_.accepted_socket());
    auto handle = accepted->hdl();
    parent()->add_scribe(std::move(accepted));
    return doorman::new_connection(&multiplexer, handle);
  }

  void graceful_shutdown() override {
    caf::intrusive_ptr<leaving_doorman> keep{this};
    doorman_impl::graceful_shutdown();
    leave_surely(acceptor_.backend(), std::move(keep), acceptor_);
  }
};

/// CAF's own shuts the socket down to leave the loop. For a socket that a service manager listens on, too, that would
/// be the end for good: no client could connect, and nobody could listen again.
class shared_doorman final : public leaving_doorman<socket_scribe> {
public:
  using leaving_doorman::leaving_doorman;

  void graceful_shutdown() override {
    caf::intrusive_ptr<shared_doorman> keep{this};
    acceptor_.passivate();
    detach(&acceptor_.backend(), false);
    leave_surely(acceptor_.backend(), std::move(keep), acceptor_);
  }
};

network::default_multiplexer& multiplexer_of(caf::actor_system& system) {
  return dynamic_cast<network::default_multiplexer&>(system.middleman().backend());
}

} // namespace

caf::io::doorman_ptr make_socket_doorman(caf::actor_system& system, int fd) {
  return caf::make_counted<leaving_doorman<socket_scribe>>(multiplexer_of(system), fd);
}

caf::io::doorman_ptr make_shared_doorman(caf::actor_system& system, int fd) {
  return caf::make_counted<shared_doorman>(multiplexer_of(system), fd);
}

caf::io::doorman_ptr make_link_doorman(caf::actor_system& system, int fd) {
  return caf::make_counted<leaving_doorman<leaving_scribe>>(multiplexer_of(system), fd);
}

caf::io::scribe_ptr make_link_scribe(caf::actor_system& system, int fd) {
  return caf::make_counted<leaving_scribe>(multiplexer_of(system), fd);
}

} // namespace cafbus
