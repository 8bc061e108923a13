#include "bench/peer.hpp"

#include "bench/clock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace cafbus::bench {

namespace {

constexpr uint64_t start_patience_ns = 10'000'000'000;
constexpr uint64_t start_poll_ns = 500'000;
constexpr time_t read_patience_s = 10;

} // namespace

void peer::start(const std::vector<std::string>& command) {
  auto log = dir_ / "log";
  process_ = child{command, log};
  for (auto end = now_ns() + start_patience_ns; now_ns() < end; sleep_until(now_ns() + start_poll_ns)) {
    if (!process_.alive())
      break;
    if (connect())
      return;
  }
  throw bench_error{fmt::format("{} did not start: {}", command.front(), read_file(log))};
}

uint16_t free_port() {
  unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), plain, size) != 0 || ::getsockname(fd.get(), plain, &size) != 0)
    throw bench_error{"there is no free port"};
  return ntohs(address.sin_port);
}

std::unique_ptr<peer> start_peer(const std::string& name, const peer_options& options) {
  if (name == "cafbus")
    return start_cafbus(options);
  if (name == "floor")
    return start_floor();
  if (name == "linked")
    return start_linked();
  if (name == "inner")
    return start_inner();
  if (name != "redis" && name != "nats")
    throw bench_error{"there is no peer '" + name + "'; there are cafbus, redis, nats and floor"};
  auto program = find_program(name + "-server");
  if (program.empty())
    return nullptr;
  return name == "redis" ? start_redis(program) : start_nats(program);
}

std::string package_of(const std::string& name) {
  return name + "-server";
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0)
      throw bench_error{fmt::format("cannot send: {}", std::strerror(errno))};
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

std::string read_until(int fd, std::string_view wanted) {
  std::string result;
  while (!std::string_view{result}.ends_with(wanted)) {
    char byte = 0; // one by one: nothing behind it may be taken
    auto got = ::recv(fd, &byte, 1, 0);
    if (got <= 0)
      throw bench_error{fmt::format("the server has not answered with '{}' but '{}'", wanted, result)};
    result += byte;
  }
  return result;
}

void make_blocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  timeval limit{read_patience_s, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

} // namespace cafbus::bench
