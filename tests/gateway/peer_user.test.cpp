#include "gateway/peer_user.hpp"

#include "base/unique_fd.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

struct connection {
  unique_fd client;
  unique_fd server;
};

/// Over loopback of IPv4 or IPv6. The client's port is its own: no other connection of the machine begins there.
template <class Address>
connection connect_by(Address at) {
  auto family = reinterpret_cast<sockaddr*>(&at)->sa_family;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  socklen_t size = sizeof(at);
  unique_fd listener{::socket(family, SOCK_STREAM, 0)};
  connection x{unique_fd{::socket(family, SOCK_STREAM, 0)}, {}};
  int shared = 1;
  ::setsockopt(x.client.get(), SOL_SOCKET, SO_REUSEADDR, &shared, sizeof(shared));
  if (::bind(x.client.get(), address, size) == 0 && ::bind(listener.get(), address, size) == 0 &&
      ::listen(listener.get(), 1) == 0 && ::getsockname(listener.get(), address, &size) == 0 &&
      ::connect(x.client.get(), address, size) == 0)
    x.server = unique_fd{::accept(listener.get(), nullptr, nullptr)};
  return x;
}

sockaddr_in loopback() {
  sockaddr_in x{};
  x.sin_family = AF_INET;
  x.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return x;
}

sockaddr_in6 loopback_v6() {
  sockaddr_in6 x{};
  x.sin6_family = AF_INET6;
  x.sin6_addr = in6addr_loopback;
  return x;
}

void set(const unique_fd& fd, int level, int option, int value) {
  CAF_REQUIRE_EQUAL(::setsockopt(fd.get(), level, option, &value, sizeof(value)), 0);
}

/// What it has sent can still be read. The kernel keeps the closed end, and reports user 0 for it.
void check_closed_peer(connection x) {
  CAF_REQUIRE_EQUAL(::send(x.client.get(), "1", 1, 0), 1);
  x.client.reset();
  CAF_CHECK(!http::peer_user(x.server.get()));
  set(x.server, IPPROTO_TCP, TCP_QUICKACK, 1); // the end is confirmed, and the kernel keeps less of it
  CAF_CHECK(!http::peer_user(x.server.get()));
  char byte = 0;
  CAF_CHECK_EQUAL(::recv(x.server.get(), &byte, 1, 0), 1);
}

} // namespace

CAF_TEST(the peer on loopback is known) {
  auto x = connect_by(loopback());
  CAF_REQUIRE(static_cast<bool>(x.server));
  CAF_CHECK(http::peer_user(x.server.get()) == ::geteuid());
  CAF_CHECK(http::peer_user(x.client.get()) == ::geteuid());
}

CAF_TEST(so it is by IPv6 where there is that) {
  auto x = connect_by(loopback_v6());
  if (x.server)
    CAF_CHECK(http::peer_user(x.server.get()) == ::geteuid());
}

CAF_TEST(so it is by IPv4 from a socket of IPv6) {
  unique_fd listener{::socket(AF_INET, SOCK_STREAM, 0)};
  auto at = loopback();
  socklen_t size = sizeof(at);
  CAF_REQUIRE_EQUAL(::bind(listener.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
  CAF_REQUIRE_EQUAL(::listen(listener.get(), 1), 0);
  CAF_REQUIRE_EQUAL(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
  auto mapped = loopback_v6();
  mapped.sin6_addr = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}}};
  mapped.sin6_port = at.sin_port;
  unique_fd client{::socket(AF_INET6, SOCK_STREAM, 0)};
  if (::connect(client.get(), reinterpret_cast<sockaddr*>(&mapped), sizeof(mapped)) != 0)
    return;
  unique_fd server{::accept(listener.get(), nullptr, nullptr)};
  CAF_CHECK(http::peer_user(server.get()) == ::geteuid());
}

CAF_TEST(a peer that has shut down its sending side is known) {
  auto x = connect_by(loopback());
  CAF_REQUIRE_EQUAL(::shutdown(x.client.get(), SHUT_WR), 0);
  CAF_CHECK(http::peer_user(x.server.get()) == ::geteuid());
  set(x.server, IPPROTO_TCP, TCP_QUICKACK, 1);
  CAF_CHECK(http::peer_user(x.server.get()) == ::geteuid());
}

CAF_TEST(a peer that has closed its end is not known) {
  check_closed_peer(connect_by(loopback()));
  if (auto x = connect_by(loopback_v6()); x.server)
    check_closed_peer(std::move(x));
}

CAF_TEST(a peer that has reset the connection is not known) {
  auto x = connect_by(loopback());
  linger at_once{1, 0};
  CAF_REQUIRE_EQUAL(::setsockopt(x.client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
  x.client.reset();
  CAF_CHECK(!http::peer_user(x.server.get()));
}

CAF_TEST(a listener at the port of a peer that is gone is not the peer) {
  auto x = connect_by(loopback());
  auto at = loopback();
  socklen_t size = sizeof(at);
  CAF_REQUIRE_EQUAL(::getsockname(x.client.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
  int silently = 1;
  if (::setsockopt(x.client.get(), IPPROTO_TCP, TCP_REPAIR, &silently, sizeof(silently)) != 0)
    return; // only root can end a connection without a word to its peer
  unique_fd listener{::socket(AF_INET, SOCK_STREAM, 0)};
  set(listener, SOL_SOCKET, SO_REUSEADDR, 1);
  CAF_REQUIRE_EQUAL(::bind(listener.get(), reinterpret_cast<sockaddr*>(&at), size), 0); // before it is free for others
  x.client.reset();
  CAF_REQUIRE_EQUAL(::listen(listener.get(), 1), 0);
  CAF_CHECK(!http::peer_user(x.server.get()));
}

CAF_TEST(what is no connection has no peer) {
  CAF_CHECK(!http::peer_user(-1));
  unique_fd alone{::socket(AF_INET, SOCK_STREAM, 0)};
  CAF_CHECK(!http::peer_user(alone.get()));
}
