#include "bench/consumers.hpp"

#include "bench/clock.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace cafbus::bench {

namespace {

constexpr size_t read_size = 256 * 1'024;
constexpr size_t longest_frame = 2 * 1'048'576;

} // namespace

// without make_unique, which would touch all of it
consumers::consumers() : epoll_{::epoll_create1(EPOLL_CLOEXEC)}, buffer_{new char[longest_frame + read_size]} {}

void consumers::add(unique_fd fd, const expectation& x) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.u64 = all_.size();
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &wanted) != 0)
    throw bench_error{fmt::format("cannot watch a consumer: {}", std::strerror(errno))};
  all_.push_back({std::move(fd), event_stream{x}, {}});
  counts_.push_back(0);
}

bool consumers::step(int timeout_ms) {
  std::array<epoll_event, 512> ready;
  auto count = ::epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), timeout_ms);
  for (int i = 0; i < count; ++i)
    read_one(ready[static_cast<size_t>(i)].data.u64);
  if (!slow_.empty())
    read_slowly();
  return count > 0;
}

void consumers::read_slowly() {
  if (now_ns() < slow_due_)
    return;
  slow_due_ = now_ns() + 1'000'000'000;
  char byte = 0;
  for (const auto& x : slow_)
    ::recv(x.get(), &byte, 1, MSG_DONTWAIT);
}

void consumers::read_one(size_t i) {
  auto& x = all_[i];
  auto held = x.rest.size();
  std::memcpy(buffer_.get(), x.rest.data(), held);
  auto got = ::recv(x.fd.get(), buffer_.get() + held, read_size, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (got <= 0)
    throw bench_error{fmt::format("consumer {} was disconnected after {} events", i, x.stream.events())};
  auto size = held + static_cast<size_t>(got);
  auto taken = x.stream.take(buffer_.get(), size);
  if (!x.stream.broken().empty())
    throw bench_error{fmt::format("consumer {}: {}", i, x.stream.broken())};
  if (size - taken > longest_frame)
    throw bench_error{fmt::format("consumer {} gets something that is no event", i)};
  x.rest.assign(buffer_.get() + taken, size - taken);
  if (x.stream.pong_due())
    send_all(x.fd.get(), "PONG\r\n");
  deliveries_ += x.stream.events() - counts_[i];
  bytes_ += static_cast<uint64_t>(got);
  counts_[i] = x.stream.events();
}

uint64_t consumers::missing() const noexcept {
  uint64_t result = 0;
  for (const auto& x : all_)
    result += x.stream.missing();
  return result;
}

uint64_t consumers::slowest() const noexcept {
  return counts_.empty() ? 0 : *std::min_element(counts_.begin(), counts_.end());
}

} // namespace cafbus::bench
