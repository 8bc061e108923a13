#include "io/links/tcp_socket.hpp"

#include "config/defaults.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace cafbus {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// How often a wait looks whether it has been abandoned.
constexpr auto look_interval = 50ms;

constexpr int listen_backlog = 64;

/// A query for the addresses of a name. The C library works on it in a thread of its own, and may go on after nobody
/// waits any more; then the query is left to it, since there is no other way to be rid of a slow name server.
struct query {
  std::string host;
  std::string port;
  addrinfo hints{};
  gaicb request{};

  ~query() {
    if (request.ar_result)
      ::freeaddrinfo(request.ar_result);
  }
};

std::string failed(const char* what, int error) {
  return std::string{"cannot "} + what + ": " + std::strerror(error);
}

/// @returns the addresses, or an error text.
std::variant<std::unique_ptr<query>, std::string>
resolve(const host_port& where, bool passive, clock::time_point deadline, const std::atomic<bool>& abandoned) {
  auto x = std::make_unique<query>();
  x->host = where.host;
  x->port = std::to_string(where.port);
  x->hints.ai_socktype = SOCK_STREAM;
  x->hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0);
  x->request.ar_name = x->host.c_str();
  x->request.ar_service = x->port.c_str();
  x->request.ar_request = &x->hints;
  gaicb* list[] = {&x->request};
  if (auto error = ::getaddrinfo_a(GAI_NOWAIT, list, 1, nullptr); error != 0)
    return "cannot resolve " + where.host + ": " + ::gai_strerror(error);
  for (;;) {
    auto state = ::gai_error(&x->request);
    if (state == 0)
      return x;
    if (state != EAI_INPROGRESS)
      return "cannot resolve " + where.host + ": " + ::gai_strerror(state);
    if (abandoned || clock::now() >= deadline) {
      if (::gai_cancel(&x->request) == EAI_NOTCANCELED)
        static_cast<void>(x.release());
      return "cannot resolve " + where.host + ": no answer in time";
    }
    const timespec pause{0, std::chrono::nanoseconds{look_interval}.count()};
    const gaicb* awaited[] = {&x->request};
    ::gai_suspend(awaited, 1, &pause);
  }
}

bool is_loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    in_addr_t bits = ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr);
    return bits >> 24 == 127;
  }
  if (address->sa_family != AF_INET6)
    return false;
  const auto* bits = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(bits) || (IN6_IS_ADDR_V4MAPPED(bits) && bits->s6_addr[12] == 127);
}

unique_fd make_socket(const addrinfo& x) {
  return unique_fd{::socket(x.ai_family, x.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, x.ai_protocol)};
}

/// Waits until a connect that has begun is done. @returns 0, or an errno.
int await_connected(int fd, clock::time_point deadline, const std::atomic<bool>& abandoned) {
  for (;;) {
    pollfd waiting{fd, POLLOUT, 0};
    auto ready = ::poll(&waiting, 1, static_cast<int>(look_interval.count()));
    if (ready > 0)
      break;
    if (abandoned || clock::now() >= deadline)
      return ETIMEDOUT;
  }
  int error = 0;
  socklen_t size = sizeof(error);
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

} // namespace

std::variant<tcp_socket, std::string> listen_tcp(const host_port& where) {
  const std::atomic<bool> never = false;
  auto found = resolve(where, true, clock::now() + defaults::node_connect_timeout, never);
  if (auto* error = std::get_if<std::string>(&found))
    return std::move(*error);
  const auto& address = *std::get<0>(found)->request.ar_result;
  auto fd = make_socket(address);
  if (!fd)
    return failed("make a socket", errno);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); // else a restart waits for old connections
  if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0)
    return failed("bind", errno);
  if (::listen(fd.get(), listen_backlog) != 0)
    return failed("listen", errno);
  return tcp_socket{std::move(fd), is_loopback(address.ai_addr)};
}

std::variant<tcp_socket, std::string> connect_tcp(const host_port& where, std::chrono::milliseconds timeout,
                                                  const std::atomic<bool>& abandoned) {
  const auto deadline = clock::now() + timeout;
  auto found = resolve(where, false, deadline, abandoned);
  if (auto* error = std::get_if<std::string>(&found))
    return std::move(*error);
  int error = EADDRNOTAVAIL;
  for (const auto* x = std::get<0>(found)->request.ar_result; x != nullptr; x = x->ai_next) {
    auto fd = make_socket(*x);
    if (!fd) {
      error = errno;
      continue;
    }
    error = ::connect(fd.get(), x->ai_addr, x->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS)
      error = await_connected(fd.get(), deadline, abandoned);
    if (error == 0) {
      tune_tcp(fd.get());
      return tcp_socket{std::move(fd), is_loopback(x->ai_addr)};
    }
  }
  return failed("connect", error);
}

void tune_tcp(int fd) {
  auto set = [fd](int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof(value)); };
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  constexpr int probes = 3;
  constexpr auto pause = static_cast<int>(seconds{defaults::node_silence_timeout}.count()) / (probes + 1);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, pause);
  set(IPPROTO_TCP, TCP_KEEPINTVL, pause);
  set(IPPROTO_TCP, TCP_KEEPCNT, probes);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(milliseconds{defaults::node_silence_timeout}.count()));
}

} // namespace cafbus
