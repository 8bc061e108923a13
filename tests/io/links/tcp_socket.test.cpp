#include "io/links/tcp_socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <caf/test/unit_test.hpp>

using namespace cafbus;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 20s;

struct fixture {
  std::atomic<bool> abandoned = false;

  static unique_fd listener() {
    auto result = listen_tcp({"127.0.0.1", 0}, 8);
    if (!result)
      CAF_FAIL(result.error().text);
    return std::move(*result);
  }

  static host_port where(const unique_fd& listener) {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    CAF_REQUIRE_EQUAL(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return {"127.0.0.1", ntohs(address.sin_port)};
  }

  static int option(const unique_fd& fd, int level, int name) {
    int value = 0;
    socklen_t size = sizeof(value);
    ::getsockopt(fd.get(), level, name, &value, &size);
    return value;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tcp_socket_tests, fixture)

CAF_TEST(a connection reaches its listener and each side knows the address of the other) {
  auto listening = listener();
  auto place = where(listening);
  auto connected = connect_tcp(place, patience, abandoned);
  CAF_REQUIRE(connected);
  CAF_CHECK_EQUAL(address_of_peer(connected->get()), "127.0.0.1:" + std::to_string(place.port));
  unique_fd accepted{::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  CAF_REQUIRE(accepted);
  CAF_CHECK_EQUAL(address_of_peer(accepted.get()).find("127.0.0.1:"), 0u);
  CAF_CHECK_EQUAL(::send(connected->get(), "x", 1, 0), 1);
  char byte = 0;
  CAF_CHECK_EQUAL(::recv(accepted.get(), &byte, 1, 0), 1);
}

CAF_TEST(sockets neither block nor reach programs that are started) {
  auto listening = listener();
  auto connected = connect_tcp(where(listening), patience, abandoned);
  CAF_REQUIRE(connected);
  for (auto fd : {listening.get(), connected->get()}) {
    CAF_CHECK(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
    CAF_CHECK(::fcntl(fd, F_GETFL) & O_NONBLOCK);
  }
}

CAF_TEST(small messages leave at once and a dead peer is noticed) {
  auto listening = listener();
  auto connected = connect_tcp(where(listening), patience, abandoned);
  CAF_REQUIRE(connected);
  CAF_CHECK(option(*connected, IPPROTO_TCP, TCP_NODELAY) != 0);
  CAF_CHECK(option(*connected, SOL_SOCKET, SO_KEEPALIVE) != 0);
  CAF_CHECK(option(*connected, IPPROTO_TCP, TCP_USER_TIMEOUT) > 0);
}

CAF_TEST(a place where nobody listens is a failure) {
  auto listening = listener();
  auto place = where(listening);
  listening.reset();
  auto connected = connect_tcp(place, patience, abandoned);
  CAF_REQUIRE(!connected);
  CAF_CHECK_EQUAL(connected.error().text.find("cannot connect: "), 0u);
}

CAF_TEST(a place that is taken cannot be listened at) {
  auto listening = listener();
  auto second = listen_tcp(where(listening), 8);
  CAF_REQUIRE(!second);
  CAF_CHECK_EQUAL(second.error().text.find("cannot bind: "), 0u);
}

CAF_TEST(a host that cannot be resolved is named) {
  auto connected = connect_tcp({"256.1.1.1.invalid.", 1}, patience, abandoned);
  CAF_REQUIRE(!connected);
  CAF_CHECK_EQUAL(connected.error().text.find("cannot resolve 256.1.1.1.invalid.: "), 0u);
}

CAF_TEST(a descriptor without a peer has an unknown address) {
  CAF_CHECK_EQUAL(address_of_peer(listener().get()), "unknown");
}

CAF_TEST_FIXTURE_SCOPE_END()
