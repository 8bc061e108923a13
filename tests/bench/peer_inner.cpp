#include "bench/inner_bus.hpp"
#include "bench/peer_cafbus.hpp"
#include "io/sockets/unix_socket.hpp"

namespace cafbus::bench {

namespace {

/// A bus in a program that makes the events itself.
class inner_peer : public cafbus_peer {
public:
  inner_peer() : cafbus_peer{"inner"} { start({own_path(), "inner-bus", dir_.path()}); }

  std::string begin_line(size_t payload, double rate) const override {
    return std::to_string(rate) + ' ' + std::to_string(payload) + '\n';
  }

  unique_fd connect_control() override {
    auto fd = connect_unix(dir_ / inner_control, std::chrono::seconds{1});
    if (!fd)
      throw bench_error{"cannot connect to the inner bus"};
    make_blocking(fd->get());
    return std::move(*fd);
  }
};

} // namespace

std::unique_ptr<peer> start_inner() {
  return std::make_unique<inner_peer>();
}

} // namespace cafbus::bench
