#pragma once
#include "bench/statistics.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cafbus::bench {

/// What a consumer must get, and in which order.
struct expectation {
  size_t payload_size = 0;
  bool numbered = false; ///< Frames carry a `seq` that grows by one from 1.
  uint64_t first = 0;    ///< Number of the first event of each publisher.
  uint64_t stride = 1;   ///< From one event of a publisher to the next.
  size_t publishers = 1;
  uint64_t modulus = 0; ///< If not 0: numbers start anew after that many.
  bool holes = false;   ///< Events may be missing (and are counted), never out of order.
  size_t trailer = 2;   ///< Bytes behind a payload, the last of which is a newline; 0: none.
  /// If not null: the payloads, byte by byte, which each publisher sends in turns; of what stands above, only
  /// `publishers` and `trailer` count then.
  const std::vector<std::string>* payloads = nullptr;
};

/// Counts and checks the events in one consumer's bytes, whichever peer sent them. Every frame is looked at where the
/// ones before it say that it must be: that its number is the next of its publisher, that its sequence number is the
/// next, and that it ends where a frame ends. Nothing is searched for, so checking costs about 5 ns an event. Payloads
/// without numbers are compared as a whole: each must be the next of some publisher. Publishers that are at the same
/// payload are alike, so it is enough to know how many are at which.
class event_stream {
public:
  explicit event_stream(const expectation& x);

  /// Takes all whole frames. @returns how many bytes those were.
  size_t take(const char* data, size_t size);

  uint64_t events() const noexcept { return events_; }
  uint64_t missing() const noexcept { return missing_; }
  /// What was wrong first; empty if all is well. Nothing is taken any more then.
  const std::string& broken() const noexcept { return broken_; }
  /// A NATS server wants a PONG; asking clears that.
  bool pong_due() noexcept { return std::exchange(pong_due_, false); }

  /// Records the age of each event from now on; null: does not.
  void record(latencies* x) noexcept { ages_ = x; }

private:
  bool learn(const char* data, size_t size);
  size_t find_due(std::string_view head) const;
  size_t take_verbatim(const char* frame, size_t size);
  void measure_seq(const char* frame, const char* end);
  bool check(const char* frame);
  bool fail(std::string text);

  expectation expect_;
  std::vector<uint64_t> next_; // number of the next event, by publisher
  size_t seq_at_ = 0;          // in the frame
  size_t payload_at_ = 0;      // in the frame, the digits of the sequence number not counted
  size_t frame_size_ = 0;      // the same
  char last_byte_ = 0;
  uint64_t seq_ = 1;
  size_t seq_digits_ = 0;
  uint64_t seq_limit_ = 10; // the first with one more digit
  std::vector<size_t> due_; // how many publishers send which payload next
  size_t shortest_ = 0;     // bytes of a payload
  size_t likely_ = 0;       // index of the payload behind the last one
  uint64_t events_ = 0;
  uint64_t missing_ = 0;
  latencies* ages_ = nullptr;
  std::string broken_;
  bool pong_due_ = false;
};

} // namespace cafbus::bench
