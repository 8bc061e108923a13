#include "bench/peer_nats.hpp"

#include "bench/loopback.hpp"

namespace cafbus::bench {

nats_peer::nats_peer(const std::string& program) : nats_peer{"nats", free_port()} {
  start({program, "-a", "127.0.0.1", "-p", std::to_string(port_)});
}

unique_fd nats_peer::connect_consumer(const std::vector<std::string>& types, bool /* reads */) {
  auto fd = introduced(port_);
  std::string request;
  for (size_t i = 0; i < types.size(); ++i)
    request += "SUB " + types[i] + ' ' + std::to_string(i) + "\r\n";
  send_all(fd.get(), request + "PING\r\n");
  read_until(fd.get(), "PONG\r\n");
  return fd;
}

std::string nats_peer::publish_frame(const std::string& type, const std::string& payload,
                                     const std::string& /* id */) const {
  return "PUB " + type + ' ' + std::to_string(payload.size()) + "\r\n" + payload + "\r\n";
}

uint64_t nats_peer::take_answers(std::string& bytes, uint64_t before) const {
  if (bytes.find("-ERR") != std::string::npos)
    throw bench_error{"a publisher was answered with " + bytes};
  bytes.clear();
  return before;
}

unique_fd nats_peer::connect() {
  return connect_loopback(port_);
}

unique_fd nats_peer::introduced(uint16_t port) {
  auto fd = connect_loopback(port);
  if (!fd)
    throw bench_error{"cannot connect to nats-server"};
  make_blocking(fd.get());
  read_until(fd.get(), "\r\n"); // INFO
  send_all(fd.get(), "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"0\"}\r\nPING\r\n");
  read_until(fd.get(), "PONG\r\n");
  return fd;
}

std::unique_ptr<peer> start_nats(const std::string& program) {
  return std::make_unique<nats_peer>(program);
}

} // namespace cafbus::bench
