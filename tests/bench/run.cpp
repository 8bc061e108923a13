#include "bench/run.hpp"

#include "bench/clock.hpp"
#include "bench/payload.hpp"
#include "config/defaults.hpp"

#include <algorithm>
#include <deque>
#include <fmt/core.h>
#include <sys/socket.h>

namespace cafbus::bench {

namespace {

constexpr uint64_t stall_ns = 10'000'000'000;
/// What a frame is longer than its payload, at most, in any peer's protocol and with these type names.
constexpr size_t envelope = 256;

/// As many events as are never too many for one consumer's queue, even if none of them has left it.
uint64_t window_of(const load& x) {
  uint64_t events = x.server.queue_capacity ? x.server.queue_capacity : defaults::queue_capacity;
  uint64_t bytes = x.server.queue_bytes ? x.server.queue_bytes : defaults::queue_bytes;
  return x.window ? x.window : std::max<uint64_t>(1, std::min(events, bytes / (x.payload + envelope)));
}

/// Events of one publisher that consumer `i` must have got.
uint64_t due(const load& x, size_t i, uint64_t sent) {
  auto first = i % x.types;
  return sent > first ? (sent - first - 1) / x.types + 1 : 0;
}

class running {
public:
  running(peer& server, const load& x, latencies* ages) : server_{server}, load_{x}, ages_{ages} {
    for (size_t i = 0; i < x.consumers; ++i) {
      expectation expected{
          .payload_size = x.payload, .first = i % x.types, .stride = x.types, .publishers = x.publishers};
      server.complete(expected);
      consumers_.add(server.connect_consumer({type_name(i % x.types)}), expected);
    }
    flow_.window = window_of(x);
  }

  measured measure() {
    start();
    last_progress_ = now_ns();
    auto begin = last_progress_ + static_cast<uint64_t>(load_.warm_up * 1e9);
    auto end = begin + static_cast<uint64_t>(load_.seconds * 1e9);
    read_until_time(begin);
    auto before = sample();
    for (size_t i = 0; ages_ && i < consumers_.size(); ++i)
      consumers_.stream(i).record(ages_);
    read_until_time(end);
    auto after = sample();
    flow_.stop = true;
    finish();
    check();
    return {after.seconds - before.seconds, after.deliveries - before.deliveries, after.bytes - before.bytes,
            after.cpu - before.cpu};
  }

private:
  void start() {
    if (server_.prepared()) {
      control_ = server_.connect_publisher();
      send_all(control_.get(), server_.publish_frame(type_name(0), payload::make(load_.payload, 0)));
      return;
    }
    for (size_t i = 0; i < load_.publishers; ++i)
      publishers_.emplace_back(server_, server_.connect_publisher(),
                               publisher_options{load_.payload, load_.types, i, load_.rate, 0}, flow_);
  }

  void step() {
    auto progress = consumers_.step(100);
    auto now = now_ns();
    if (progress) {
      last_progress_ = now;
      flow_.arrived.store(consumers_.slowest() * load_.types);
      flow_.arrived.notify_all();
    } else if (now > last_progress_ + stall_ns) {
      throw bench_error{
          fmt::format("nothing arrives any more: {} deliveries, the slowest consumer has {} events, {} were "
                      "sent",
                      consumers_.deliveries(), consumers_.slowest(), flow_.sent.load())};
    }
  }

  void read_until_time(uint64_t end) {
    while (now_ns() < end)
      step();
  }

  measured sample() const {
    return {static_cast<double>(now_ns()) / 1e9, consumers_.deliveries(), consumers_.bytes(), cpu_ns(server_.pid())};
  }

  /// Reads until everything that was published is there.
  void finish() {
    flow_.arrived.notify_all();
    if (server_.prepared()) {
      prepared_end();
      return;
    }
    while (!std::all_of(publishers_.begin(), publishers_.end(), [](auto& x) { return x.done(); }))
      step();
    for (auto& x : publishers_) {
      x.join();
      sent_.push_back(x.sent());
    }
    read_rest();
  }

  void prepared_end() {
    send_all(control_.get(), "\n");
    std::string answer;
    for (char byte = 0; !answer.ends_with('\n'); step())
      while (::recv(control_.get(), &byte, 1, MSG_DONTWAIT) == 1)
        answer += byte;
    sent_.push_back(std::stoull(answer));
    read_rest();
  }

  uint64_t due_to(size_t i) const {
    uint64_t result = 0;
    for (auto x : sent_)
      result += due(load_, i, x);
    return result;
  }

  void read_rest() {
    uint64_t all = 0;
    for (size_t i = 0; i < consumers_.size(); ++i)
      all += due_to(i);
    while (consumers_.deliveries() < all)
      step();
  }

  void check() {
    for (size_t i = 0; i < consumers_.size(); ++i)
      if (auto wanted = due_to(i); consumers_.stream(i).events() != wanted)
        throw bench_error{fmt::format("consumer {} has got {} of {} events", i, consumers_.stream(i).events(), wanted)};
    auto said = server_.check();
    uint64_t sent = 0;
    for (auto x : sent_)
      sent += x;
    if (said.known && (said.accepted != sent || said.dropped != 0))
      throw bench_error{fmt::format("{} events were sent; the server has counted {} and {} dropped", sent,
                                    said.accepted, said.dropped)};
  }

  peer& server_;
  const load& load_;
  latencies* ages_;
  flow flow_;
  consumers consumers_;
  std::deque<publisher_thread> publishers_; // ends before the flow that it refers to
  unique_fd control_;                       // of a server that makes the events itself
  std::vector<uint64_t> sent_;              // by publisher
  uint64_t last_progress_ = 0;
};

} // namespace

measured run(peer& server, const load& x, latencies* ages) {
  return running{server, x, ages}.measure();
}

} // namespace cafbus::bench
