#include "bench/loopback.hpp"

#include "bench/peer.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace cafbus::bench {

namespace {

constexpr int wire_backlog = 16;

unique_fd tcp_socket() {
  return unique_fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
}

sockaddr_in loopback(uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  result.sin_port = htons(port);
  return result;
}

} // namespace

unique_fd connect_loopback(uint16_t port) {
  auto fd = tcp_socket();
  auto address = loopback(port);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    return {};
  send_at_once(fd.get());
  return fd;
}

unique_fd listen_loopback(uint16_t port) {
  auto fd = tcp_socket();
  auto address = loopback(port);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(fd.get(), wire_backlog) != 0)
    throw bench_error{"cannot listen on loopback"};
  return fd;
}

uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

uint16_t free_port() {
  return port_of(listen_loopback(0).get());
}

void send_at_once(int fd) {
  int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

} // namespace cafbus::bench
