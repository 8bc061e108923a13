#include "bench/peer.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace cafbus::bench {

namespace {

sockaddr_in loopback(uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  result.sin_port = htons(port);
  return result;
}

/// NATS on loopback, core publish and subscribe. It does not answer for what is published.
class nats_peer : public peer {
public:
  explicit nats_peer(const std::string& program) : peer{"nats"}, port_{free_port()} {
    start({program, "-a", "127.0.0.1", "-p", std::to_string(port_)});
  }

  unique_fd connect_consumer(const std::vector<std::string>& types, bool /* reads */) override {
    auto fd = introduced();
    std::string request;
    for (size_t i = 0; i < types.size(); ++i)
      request += "SUB " + types[i] + ' ' + std::to_string(i) + "\r\n";
    send_all(fd.get(), request + "PING\r\n");
    read_until(fd.get(), "PONG\r\n");
    return fd;
  }

  unique_fd connect_publisher() override { return introduced(); }

  std::string publish_frame(const std::string& type, const std::string& payload,
                            const std::string& /* id */) const override {
    return "PUB " + type + ' ' + std::to_string(payload.size()) + "\r\n" + payload + "\r\n";
  }

  uint64_t take_answers(std::string& bytes, uint64_t before) const override {
    if (bytes.find("-ERR") != std::string::npos)
      throw bench_error{"a publisher was answered with " + bytes};
    bytes.clear();
    return before;
  }
  bool answers() const override { return false; }

protected:
  unique_fd connect() override {
    unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    auto address = loopback(port_);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
      return {};
    int one = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
  }

private:
  unique_fd introduced() {
    auto fd = connect();
    if (!fd)
      throw bench_error{"cannot connect to nats-server"};
    make_blocking(fd.get());
    read_until(fd.get(), "\r\n"); // INFO
    send_all(fd.get(), "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"0\"}\r\nPING\r\n");
    read_until(fd.get(), "PONG\r\n");
    return fd;
  }

  uint16_t port_;
};

} // namespace

std::unique_ptr<peer> start_nats(const std::string& program) {
  return std::make_unique<nats_peer>(program);
}

} // namespace cafbus::bench
