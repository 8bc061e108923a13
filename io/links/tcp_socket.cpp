#include "io/links/tcp_socket.hpp"

#include "config/link_limits.hpp"

#include <array>
#include <cerrno>
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

result<std::unique_ptr<query>> resolve(const host_port& where, bool passive, clock::time_point deadline,
                                       const std::atomic<bool>& abandoned) {
  auto x = std::make_unique<query>();
  x->host = where.host;
  x->port = std::to_string(where.port);
  x->hints.ai_socktype = SOCK_STREAM;
  x->hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0);
  x->request.ar_name = x->host.c_str();
  x->request.ar_service = x->port.c_str();
  x->request.ar_request = &x->hints;
  gaicb* list[] = {&x->request};
  auto unresolved = [&](failure_kind kind, const char* why) {
    return failure{kind, "cannot resolve " + where.host + ": " + why};
  };
  if (auto error = ::getaddrinfo_a(GAI_NOWAIT, list, 1, nullptr); error != 0)
    return unresolved(failure_kind::system, ::gai_strerror(error));
  for (;;) {
    auto state = ::gai_error(&x->request);
    if (state == 0)
      return x;
    if (state != EAI_INPROGRESS)
      return unresolved(failure_kind::not_found, ::gai_strerror(state));
    if (abandoned || clock::now() >= deadline) {
      if (::gai_cancel(&x->request) == EAI_NOTCANCELED)
        static_cast<void>(x.release());
      return unresolved(failure_kind::timed_out, "no answer in time");
    }
    const timespec pause{0, std::chrono::nanoseconds{look_interval}.count()};
    const gaicb* awaited[] = {&x->request};
    ::gai_suspend(awaited, 1, &pause);
  }
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

result<unique_fd> listen_tcp(const host_port& where, int backlog) {
  const std::atomic<bool> never = false;
  auto found = resolve(where, true, clock::now() + defaults::node_connect_timeout, never);
  if (!found)
    return std::move(found).error();
  const auto& address = *(*found)->request.ar_result;
  auto fd = make_socket(address);
  if (!fd)
    return errno_failure("cannot make a socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); // else a restart waits for old connections
  if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0)
    return errno_failure("cannot bind");
  if (::listen(fd.get(), backlog) != 0)
    return errno_failure("cannot listen");
  return fd;
}

result<unique_fd> connect_tcp(const host_port& where, std::chrono::milliseconds timeout,
                              const std::atomic<bool>& abandoned) {
  const auto deadline = clock::now() + timeout;
  auto found = resolve(where, false, deadline, abandoned);
  if (!found)
    return std::move(found).error();
  int error = EADDRNOTAVAIL;
  for (const auto* x = (*found)->request.ar_result; x != nullptr; x = x->ai_next) {
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
      return fd;
    }
  }
  return errno_failure("cannot connect", error);
}

std::string address_of_peer(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  std::array<char, NI_MAXHOST> host;
  std::array<char, NI_MAXSERV> port;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return "unknown";
  return std::string{host.data()} + ':' + port.data();
}

void tune_tcp(int fd) {
  auto set = [fd](int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof(value)); };
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  constexpr int probes = 3;
  constexpr auto pause = static_cast<int>(seconds{defaults::link_silence_timeout}.count()) / (probes + 1);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, pause);
  set(IPPROTO_TCP, TCP_KEEPINTVL, pause);
  set(IPPROTO_TCP, TCP_KEEPCNT, probes);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(milliseconds{defaults::link_silence_timeout}.count()));
}

} // namespace cafbus
