#include "bench/publishers.hpp"

#include "bench/clock.hpp"
#include "bench/payload.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>

namespace cafbus::bench {

namespace {

constexpr size_t chunk_bytes = 64 * 1'024;
constexpr uint64_t answer_patience_ns = 10'000'000'000;
constexpr size_t type_digits = 5;

} // namespace

std::string type_name(size_t i) {
  return fmt::format("bench.{:05}", i);
}

publisher_thread::publisher_thread(const peer& server, unique_fd fd, const publisher_options& options, flow& shared)
  : server_{server}, fd_{std::move(fd)}, options_{options}, flow_{shared} {
  auto frame = server.publish_frame(type_name(0), payload::make(options.payload_size, options.origin));
  frame_size_ = frame.size();
  payload_at_ = frame.find(payload::start);
  type_at_ = frame.find(type_name(0)) + type_name(0).size() - type_digits;
  auto count = options.rate > 0 ? 1 : std::max<size_t>(1, chunk_bytes / frame_size_);
  count = std::min(count, std::max<size_t>(1, shared.window / 4)); // or it would stop and go
  for (size_t i = 0; i < count; ++i)
    chunk_ += frame;
  thread_ = std::thread{[this] { run(); }};
}

publisher_thread::~publisher_thread() {
  flow_.stop = true;
  flow_.arrived = UINT64_MAX / 2;
  flow_.arrived.notify_all();
  if (thread_.joinable())
    thread_.join();
}

void publisher_thread::join() {
  thread_.join();
  if (failure_)
    std::rethrow_exception(failure_);
}

void publisher_thread::run() {
  try {
    if (options_.rate > 0)
      pace();
    else
      burst();
    for (auto end = now_ns() + answer_patience_ns; server_.answers() && answered_ < sent_; read_answers(100))
      if (now_ns() > end)
        throw bench_error{fmt::format("the server has answered for {} of {} events", answered_, sent_)};
    if (server_.answers() && answered_ != sent_)
      throw bench_error{fmt::format("the server has answered for {} events, {} were sent", answered_, sent_)};
  } catch (...) {
    failure_ = std::current_exception();
  }
  done_ = true;
}

void publisher_thread::burst() {
  while (!flow_.stop) {
    auto count = static_cast<uint64_t>(chunk_.size() / frame_size_);
    if (options_.limit != 0)
      count = std::min(count, options_.limit - sent_);
    if (count == 0 || !claim(count))
      return;
    fill(count);
    send({chunk_.data(), count * frame_size_});
    sent_ += count;
  }
}

void publisher_thread::pace() {
  auto begin = now_ns();
  while (!flow_.stop && (options_.limit == 0 || sent_ < options_.limit)) {
    sleep_until(begin + static_cast<uint64_t>(static_cast<double>(sent_) * 1e9 / options_.rate));
    flow_.sent.fetch_add(1);
    fill(1);
    payload::set_time(chunk_.data() + payload_at_, now_ns());
    send(chunk_);
    ++sent_;
  }
}

/// Waits until so many more fit into the window. @returns false if it is to stop.
bool publisher_thread::claim(uint64_t count) {
  auto sent = flow_.sent.load();
  for (;;) {
    auto arrived = flow_.arrived.load();
    if (flow_.stop)
      return false;
    if (sent + count > arrived + flow_.window) {
      flow_.arrived.wait(arrived);
      sent = flow_.sent.load();
    } else if (flow_.sent.compare_exchange_weak(sent, sent + count)) {
      return true;
    }
  }
}

void publisher_thread::fill(uint64_t count) {
  auto* frame = chunk_.data();
  for (uint64_t i = 0; i < count; ++i, frame += frame_size_) {
    payload::set_number(frame + payload_at_, sent_ + i);
    if (options_.types > 1)
      payload::write_digits(frame + type_at_ + type_digits, (sent_ + i) % options_.types, type_digits);
  }
}

void publisher_thread::send(std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0)
      bytes.remove_prefix(static_cast<size_t>(sent));
    else if (errno != EAGAIN && errno != EINTR)
      throw bench_error{fmt::format("a publisher cannot send: {}", std::strerror(errno))};
    if (!bytes.empty()) {
      pollfd x{fd_.get(), POLLOUT | POLLIN, 0};
      ::poll(&x, 1, 1'000);
    }
    read_answers(0);
  }
}

void publisher_thread::read_answers(int timeout_ms) {
  if (timeout_ms > 0) {
    pollfd x{fd_.get(), POLLIN, 0};
    ::poll(&x, 1, timeout_ms);
  }
  char bytes[16 * 1'024];
  auto got = ::recv(fd_.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
  if (got == 0)
    throw bench_error{"a publisher was disconnected"};
  if (got < 0)
    return;
  answers_.append(bytes, static_cast<size_t>(got));
  answered_ = server_.take_answers(answers_, answered_);
}

} // namespace cafbus::bench
