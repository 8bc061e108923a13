#include "io/sockets/socket_scribe.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/io/network/stream.hpp>
#include <caf/make_counted.hpp>
#include <caf/policy/tcp.hpp>
#include <utility>

namespace cafbus {

namespace {

namespace network = caf::io::network;

/// CAF's stream, but for what a read is.
class socket_stream final : public network::stream {
public:
  using stream::stream;

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
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

  // CAF 0.17: its own would abort on AF_UNIX
  std::string addr() const override { return {}; }
  uint16_t port() const override { return 0; }

private:
  bool launched_ = false;
  socket_stream stream_;
};

class socket_doorman final : public network::doorman_impl {
public:
  using doorman_impl::doorman_impl;

  bool new_connection() override {
    if (detached())
      return false;
    auto& multiplexer = acceptor_.backend();
    auto accepted = caf::make_counted<socket_scribe>(multiplexer, acceptor_.accepted_socket());
    auto handle = accepted->hdl();
    parent()->add_scribe(std::move(accepted));
    return doorman::new_connection(&multiplexer, handle);
  }
};

} // namespace

caf::io::doorman_ptr make_socket_doorman(caf::actor_system& system, int fd) {
  auto& multiplexer = dynamic_cast<network::default_multiplexer&>(system.middleman().backend());
  return caf::make_counted<socket_doorman>(multiplexer, fd);
}

} // namespace cafbus
