#pragma once
#include "config/runtime_limits.hpp"
#include "messages/actor_messages.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <span>

namespace cafbus {

/// The latest events of a bus, for consumers that ask for what was before they came: the batches that are there anyway,
/// bounded in events, bytes and age. Costs a constant per batch, and memory only for what it holds.
///
/// A batch is held whole, so all its memory counts, whatever few of its events are kept; where these are few, they are
/// copied, and the batch goes. What is too old goes with the next batch that comes, or when somebody asks.
class history {
public:
  using time_point = std::chrono::steady_clock::time_point;

  struct bounds {
    size_t events = 0;               ///< 0: none are kept.
    size_t bytes = 0;                ///< The same.
    std::chrono::nanoseconds age{0}; ///< 0: any.
  };
  static bounds bounds_of(const runtime_limits& x) { return {x.history_events, x.history_bytes, x.history_age}; }

  /// Events of one batch that came in one after the other.
  struct entry {
    event_range events; ///< Without sequence numbers.
    time_point at;      ///< When they came in.
    bool has_unclaimed; ///< Some of the batch reached nobody, so that their ids may come again as new ones.
  };

  explicit history(bounds x) : bounds_{x} {}

  bool is_on() const noexcept { return bounds_.events != 0 && bounds_.bytes != 0; }

  void set_bounds(bounds x, time_point now);

  /// Takes the events of a batch that are not repetitions.
  /// @param base Position of the batch's event 0. @pre above those of all events before
  void keep(const event_batch_ptr& batch, std::span<const event_span> fresh, uint64_t base, bool has_unclaimed,
            time_point now);

  /// In the order in which they came, but for those that are too old by now.
  const std::deque<entry>& entries(time_point now);

  /// Position of the newest event that was taken in and is not held any more; 0: there is none.
  uint64_t last_gone() const noexcept { return last_gone_; }

  /// Whether an id may stand in it twice.
  bool may_repeat_ids() const noexcept { return unclaimed_ != 0; }

  size_t events() const noexcept { return events_; }
  size_t bytes() const noexcept { return bytes_; }

  /// Forgets everything.
  void clear();

private:
  void add(event_range range, bool has_unclaimed, time_point now);
  void trim(time_point now);
  void pop_front();

  bounds bounds_;
  std::deque<entry> entries_;
  size_t events_ = 0;
  size_t bytes_ = 0;     // of the distinct batches of `entries_`
  size_t unclaimed_ = 0; // entries that have such events
  uint64_t last_gone_ = 0;
};

/// The memory that a batch takes.
size_t held_bytes(const event_batch& x);

} // namespace cafbus
