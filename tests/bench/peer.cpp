#include "bench/peer.hpp"

#include "bench/clock.hpp"
#include "bench/zmq_proxy.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace cafbus::bench {

namespace {

constexpr uint64_t start_patience_ns = 10'000'000'000;
constexpr uint64_t start_poll_ns = 500'000;
constexpr time_t read_patience_s = 10;
constexpr int probe_interval_ms = 2;

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

std::unique_ptr<peer> start_peer(const std::string& name, const peer_options& options) {
  if (auto missing = why_missing(name); !missing.empty())
    throw bench_error{missing};
  if (name == "floor")
    return start_floor();
  if (name == "linked")
    return start_linked(options);
  if (name == "inner")
    return start_inner();
  if (name == "zmq")
    return start_zmq();
  if (name == "redis")
    return start_redis(find_program("redis-server"));
  if (name == "nats")
    return start_nats(find_program("nats-server"));
  if (name == "leaf")
    return start_leaf(find_program("nats-server"), options);
  return start_cafbus(options);
}

std::string why_missing(const std::string& name) {
  if (name == "zmq")
    return has_zmq() ? "" : "zmq: cafbus-bench was built without libzmq; the package for that is libzmq3-dev";
  std::string program;
  if (name == "redis")
    program = "redis-server";
  else if (name == "nats" || name == "leaf")
    program = "nats-server";
  if (program.empty() || !find_program(program).empty())
    return {};
  return name + ": it is not installed; the package is " + program;
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

std::string read_exactly(int fd, size_t size) {
  std::string result(size, '\0');
  for (size_t at = 0; at < size;) {
    auto got = ::recv(fd, result.data() + at, size - at, 0);
    if (got <= 0)
      throw bench_error{fmt::format("the server has sent {} of {} bytes", at, size)};
    at += static_cast<size_t>(got);
  }
  return result;
}

void await_first_probe(int consumer, const std::function<void(uint64_t)>& send,
                       const std::function<uint64_t()>& receive) {
  uint64_t sent = 0;
  pollfd waiting{consumer, POLLIN, 0};
  for (auto end = now_ns() + start_patience_ns; ::poll(&waiting, 1, sent == 0 ? 0 : probe_interval_ms) == 0;) {
    if (now_ns() > end)
      throw bench_error{"what is published does not reach a consumer"};
    send(++sent);
  }
  while (receive() != sent) {
  }
}

void make_blocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  timeval limit{read_patience_s, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

} // namespace cafbus::bench
