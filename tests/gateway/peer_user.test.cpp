#include "gateway/peer_user.hpp"

#include "base/unique_fd.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

struct connection {
  unique_fd client;
  unique_fd server;
};

/// Over loopback of IPv4 or IPv6.
template <class Address>
connection connect_by(Address at) {
  auto family = reinterpret_cast<sockaddr*>(&at)->sa_family;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  socklen_t size = sizeof(at);
  unique_fd listener{::socket(family, SOCK_STREAM, 0)};
  connection x{unique_fd{::socket(family, SOCK_STREAM, 0)}, {}};
  if (::bind(listener.get(), address, size) == 0 && ::listen(listener.get(), 1) == 0 &&
      ::getsockname(listener.get(), address, &size) == 0 && ::connect(x.client.get(), address, size) == 0)
    x.server = unique_fd{::accept(listener.get(), nullptr, nullptr)};
  return x;
}

} // namespace

CAF_TEST(the peer on loopback is known) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto x = connect_by(v4);
  CAF_REQUIRE(static_cast<bool>(x.server));
  CAF_CHECK(http::peer_user(x.server.get()) == ::geteuid());
  CAF_CHECK(http::peer_user(x.client.get()) == ::geteuid());
}

CAF_TEST(so it is by IPv6 where there is that) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_loopback;
  auto x = connect_by(v6);
  if (x.server)
    CAF_CHECK(http::peer_user(x.server.get()) == ::geteuid());
}

CAF_TEST(what is no connection has no peer) {
  CAF_CHECK(!http::peer_user(-1));
  unique_fd alone{::socket(AF_INET, SOCK_STREAM, 0)};
  CAF_CHECK(!http::peer_user(alone.get()));
}
