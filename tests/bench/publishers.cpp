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
constexpr uint64_t ids_of_a_publisher = 10'000'000'000;

} // namespace

std::string type_name(size_t i) {
  return fmt::format("bench.{:05}", i);
}

publisher_thread::publisher_thread(const peer& server, unique_fd fd, const publisher_options& options, flow& shared)
  : server_{server}, fd_{std::move(fd)}, options_{options}, flow_{shared} {
  if (!options.frames)
    prepare_chunk();
  thread_ = std::thread{[this] { run(); }};
}

void publisher_thread::prepare_chunk() {
  auto type = type_name(options_.first_type);
  auto frame = server_.publish_frame(type, payload::make(options_.payload_size, options_.origin),
                                     options_.ids ? std::string{placeholder_id} : std::string{});
  frame_size_ = frame.size();
  payload_at_ = frame.find(payload::start);
  type_at_ = frame.find(type) + type.size() - type_digits;
  if (auto id = frame.find(placeholder_id); id != std::string::npos)
    id_at_ = id + placeholder_id.size() - id_digits;
  auto count = std::max<size_t>(1, chunk_bytes / frame_size_);
  count = std::min(count, std::max<size_t>(1, flow_.window / 4)); // or it would stop and go
  for (size_t i = 0; i < count; ++i)
    chunk_ += frame;
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
    auto count = options_.frames ? collect_frames() : static_cast<uint64_t>(chunk_.size() / frame_size_);
    if (options_.limit != 0)
      count = std::min(count, options_.limit - sent_);
    if (count == 0 || !claim(count))
      return;
    if (!options_.frames)
      fill(count);
    send({chunk_.data(), options_.frames ? chunk_.size() : count * frame_size_});
    sent_ += count;
  }
}

void publisher_thread::pace() {
  auto begin = now_ns();
  auto most = static_cast<uint64_t>(chunk_.size() / frame_size_);
  while (!flow_.stop && (options_.limit == 0 || sent_ < options_.limit)) {
    sleep_until(begin + static_cast<uint64_t>(static_cast<double>(sent_) * 1e9 / options_.rate));
    auto now = now_ns();
    auto due = static_cast<uint64_t>(static_cast<double>(now - begin) * options_.rate / 1e9) + 1;
    auto count = std::clamp<uint64_t>(due - std::min(due, sent_), 1, most);
    flow_.sent.fetch_add(count);
    fill(count);
    for (uint64_t i = 0; i < count; ++i)
      payload::set_time(chunk_.data() + i * frame_size_ + payload_at_, now);
    send({chunk_.data(), count * frame_size_});
    sent_ += count;
  }
}

/// Puts a chunk of real events together. @returns how many.
uint64_t publisher_thread::collect_frames() {
  const auto& frames = *options_.frames;
  chunk_.clear();
  uint64_t count = 0;
  for (; chunk_.size() < chunk_bytes && count < std::max<uint64_t>(1, flow_.window / 4); ++count) {
    const auto& frame = frames[(sent_ + count) % frames.size()];
    auto id = frame.find(placeholder_id);
    chunk_ += frame;
    if (id != std::string::npos)
      set_id(chunk_.data() + chunk_.size() - frame.size() + id + placeholder_id.size() - id_digits, sent_ + count);
  }
  return count;
}

/// No other publisher's event has it.
void publisher_thread::set_id(char* digits, uint64_t number) const {
  payload::write_digits(digits + id_digits, options_.origin * ids_of_a_publisher + number, id_digits);
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
    if (id_at_ != std::string::npos)
      set_id(frame + id_at_, sent_ + i);
    if (options_.types > 1)
      payload::write_digits(frame + type_at_ + type_digits, options_.first_type + (sent_ + i) % options_.types,
                            type_digits);
  }
}

void publisher_thread::send(std::string_view bytes) {
  auto give_up = now_ns() + answer_patience_ns;
  while (!bytes.empty()) {
    if (now_ns() > give_up)
      throw bench_error{"the server takes nothing from a publisher any more"};
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
