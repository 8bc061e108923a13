#pragma once
#include "bench/peer.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

namespace cafbus::bench {

/// All consumers of a run, read by one thread: whichever socket has something is read once, into one big buffer.
class consumers {
public:
  consumers();

  /// @param fd Connected, and told what it wants. Becomes non-blocking.
  void add(unique_fd fd, const expectation& x);

  /// A consumer that takes nothing, or a byte a second.
  void add_stuck(unique_fd fd) { stuck_.push_back(std::move(fd)); }
  void add_slow(unique_fd fd) { slow_.push_back(std::move(fd)); }

  size_t size() const noexcept { return all_.size(); }
  event_stream& stream(size_t i) { return all_[i].stream; }

  /// Reads once from whatever has something, or waits for it at most `timeout_ms`. Throws a bench_error if a consumer
  /// has got something that it must not.
  /// @returns whether anything came.
  bool step(int timeout_ms);

  /// Over all consumers; for the reading thread.
  uint64_t deliveries() const noexcept { return deliveries_; }
  uint64_t bytes() const noexcept { return bytes_; }
  uint64_t missing() const noexcept;
  /// Events that the slowest consumer has got.
  uint64_t slowest() const noexcept;

private:
  struct consumer {
    unique_fd fd;
    event_stream stream;
    std::string rest; // begin of a frame whose end has not come yet
  };

  void read_one(size_t i);
  void read_slowly();

  unique_fd epoll_;
  std::vector<consumer> all_;
  std::vector<uint64_t> counts_; // events by consumer, close together for `slowest`
  std::vector<unique_fd> stuck_;
  std::vector<unique_fd> slow_;
  uint64_t slow_due_ = 0; // when the slow ones take their next byte
  std::unique_ptr<char[]> buffer_;
  uint64_t deliveries_ = 0;
  uint64_t bytes_ = 0;
};

} // namespace cafbus::bench
