#include "bench/run.hpp"

#include "bench/clock.hpp"
#include "bench/payload.hpp"
#include "bench/system_calls.hpp"
#include "config/defaults.hpp"

#include <deque>
#include <fmt/core.h>
#include <optional>
#include <sys/socket.h>

namespace cafbus::bench {

namespace {

constexpr uint64_t most_on_the_way = 16'384;
constexpr uint64_t stall_ns = 10'000'000'000;
/// What a frame is longer than its payload, at most, in any peer's protocol and with these type names.
constexpr size_t envelope = 256;

/// As many events as are never too many for one consumer's queue of the bus, even if none of them has left it. The same
/// for servers that have no bound.
uint64_t window_of(const load& x) {
  if (x.window != 0)
    return x.window;
  uint64_t events = x.server.queue_capacity ? x.server.queue_capacity : defaults::queue_capacity;
  uint64_t bytes = x.server.queue_bytes ? x.server.queue_bytes : defaults::queue_bytes;
  auto fitting = x.events ? x.events->window(bytes, envelope) : bytes / (x.payload + envelope);
  return std::clamp<uint64_t>(std::min(events, fitting), 1, most_on_the_way);
}

/// Events of one publisher that consumer `i` must have got.
uint64_t due(const load& x, size_t i, uint64_t sent) {
  auto first = i % x.types;
  return sent > first ? (sent - first - 1) / x.types + 1 : 0;
}

class running {
public:
  running(peer& server, const load& x, latencies* ages) : server_{server}, load_{x}, ages_{ages} {
    for (size_t i = 0; i < x.stuck + x.slow; ++i) {
      auto fd = server.connect_consumer({type_name(0)}, false);
      i < x.stuck ? consumers_.add_stuck(std::move(fd)) : consumers_.add_slow(std::move(fd));
    }
    for (size_t i = 0; i < x.consumers; ++i) {
      expectation expected;
      expected.payload_size = x.payload;
      expected.first = i % x.types;
      expected.stride = x.types;
      expected.publishers = x.publishers;
      expected.holes = x.may_lose;
      expected.payloads = x.events ? &x.events->payloads : nullptr;
      server.complete(expected);
      auto types = x.events ? x.events->distinct_types() : std::vector{type_name(i % x.types)};
      consumers_.add(server.connect_consumer(types), expected);
    }
    flow_.window = window_of(x);
    if (x.count_calls)
      calls_.emplace(server.pids());
  }

  measured measure() {
    last_progress_ = now_ns();
    start();
    auto begin = now_ns() + static_cast<uint64_t>(load_.warm_up * 1e9);
    read_until_time(begin);
    auto before = sample();
    record(ages_);
    read_until_time(begin + static_cast<uint64_t>(load_.seconds * 1e9));
    auto after = sample();
    record(nullptr);
    flow_.stop = true;
    if (control_)
      finish_control();
    else
      finish_publishers();
    auto lost = read_rest();
    check();
    return {after.seconds - before.seconds,
            after.deliveries - before.deliveries,
            after.bytes - before.bytes,
            after.cpu - before.cpu,
            after.faults - before.faults,
            after.switches - before.switches,
            after.calls - before.calls,
            lost,
            lost_by_bad_,
            all_sent()};
  }

private:
  void start() {
    if (auto line = server_.begin_line(load_.payload, load_.rate); !line.empty()) {
      control_ = server_.connect_control();
      send_all(control_.get(), line);
      return;
    }
    if (load_.events)
      for (size_t i = 0; i < load_.events->payloads.size(); ++i)
        frames_.push_back(
            server_.publish_frame(load_.events->types[i], load_.events->payloads[i], std::string{placeholder_id}));
    for (size_t i = 0; i < load_.publishers; ++i) {
      publisher_options options;
      options.payload_size = load_.payload;
      options.types = load_.types;
      options.origin = i;
      options.rate = load_.rate;
      options.ids = load_.ids;
      options.frames = load_.events ? &frames_ : nullptr;
      publishers_.emplace_back(server_, server_.connect_publisher(), options, flow_);
    }
  }

  void record(latencies* ages) {
    for (size_t i = 0; i < consumers_.size(); ++i)
      consumers_.stream(i).record(ages);
  }

  /// @returns whether anything came.
  bool step(int timeout_ms = 100) {
    auto progress = consumers_.step(timeout_ms);
    auto now = now_ns();
    if (progress) {
      last_progress_ = now;
      flow_.arrived.store(consumers_.slowest() * load_.types);
      flow_.arrived.notify_all();
    } else if (now > last_progress_ + stall_ns) {
      for (auto& x : publishers_)
        if (x.done())
          x.join(); // throws what has stopped it
      throw bench_error{fmt::format("nothing arrives any more: {} deliveries, {} events at the slowest consumer of {} "
                                    "that were sent",
                                    consumers_.deliveries(), consumers_.slowest(), flow_.sent.load())};
    }
    return progress;
  }

  void read_until_time(uint64_t end) {
    while (now_ns() < end)
      step();
  }

  measured sample() const {
    measured result;
    result.seconds = static_cast<double>(now_ns()) / 1e9;
    result.deliveries = consumers_.deliveries();
    result.bytes = consumers_.bytes();
    for (auto pid : server_.pids()) {
      result.cpu += cpu_ns(pid);
      result.faults += page_faults(pid);
      result.switches += context_switches(pid);
    }
    if (calls_)
      result.calls = calls_->count();
    return result;
  }

  /// Reads until the server has told how many events it has made.
  void finish_control() {
    send_all(control_.get(), "\n");
    std::string answer;
    for (char byte = 0; !answer.ends_with('\n'); step())
      while (::recv(control_.get(), &byte, 1, MSG_DONTWAIT) == 1)
        answer += byte;
    sent_.push_back(std::stoull(answer));
  }

  /// Reads until the publishers have had their answers.
  void finish_publishers() {
    while (!std::all_of(publishers_.begin(), publishers_.end(), [](auto& x) { return x.done(); }))
      step();
    for (auto& x : publishers_) {
      x.join();
      sent_.push_back(x.sent());
    }
  }

  uint64_t all_sent() const {
    uint64_t result = 0;
    for (auto x : sent_)
      result += x;
    return result;
  }

  uint64_t due_to(size_t i) const {
    uint64_t result = 0;
    for (auto x : sent_)
      result += due(load_, i, x);
    return result;
  }

  /// Reads until everything is there but what the server says was lost. @returns how much that was.
  uint64_t read_rest() {
    uint64_t all = 0;
    for (size_t i = 0; i < consumers_.size(); ++i)
      all += due_to(i);
    uint64_t lost = 0;
    while (consumers_.deliveries() + lost < all)
      if (!step() && load_.may_lose)
        lost = server_.check().dropped;
    if (consumers_.deliveries() + lost != all)
      throw bench_error{fmt::format("{} deliveries were due; {} came and {} were counted as lost", all,
                                    consumers_.deliveries(), lost)};
    return lost;
  }

  void check() {
    for (size_t i = 0; !load_.may_lose && i < consumers_.size(); ++i)
      if (auto wanted = due_to(i); consumers_.stream(i).events() != wanted)
        throw bench_error{fmt::format("consumer {} has got {} of {} events", i, consumers_.stream(i).events(), wanted)};
    auto said = server_.check();
    lost_by_bad_ = said.dropped_by_bad;
    if (said.known && said.accepted != all_sent())
      throw bench_error{fmt::format("{} events were sent, the server has counted {}", all_sent(), said.accepted)};
    if (said.known && !load_.may_lose && said.dropped != 0)
      throw bench_error{fmt::format("the server has dropped {} events", said.dropped)};
    if (said.known && consumers_.missing() > said.dropped)
      throw bench_error{fmt::format("{} events are missing, {} were counted", consumers_.missing(), said.dropped)};
  }

  peer& server_;
  const load& load_;
  latencies* ages_;
  std::vector<std::string> frames_; // of real events
  flow flow_;
  consumers consumers_;
  std::deque<publisher_thread> publishers_; // ends before what it refers to
  std::optional<call_counter> calls_;
  unique_fd control_;          // of a server that makes the events itself
  std::vector<uint64_t> sent_; // by publisher
  uint64_t last_progress_ = 0;
  uint64_t lost_by_bad_ = 0;
};

} // namespace

measured run(peer& server, const load& x, latencies* ages) {
  return running{server, x, ages}.measure();
}

} // namespace cafbus::bench
