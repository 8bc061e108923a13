#pragma once
#include "actors/gap_list.hpp"
#include "actors/latest_queue.hpp"
#include "actors/mailbox_bounds.hpp"
#include "actors/queue_budget.hpp"
#include "messages/actors.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

namespace cafbus {

/// The events that wait for one subscriber: bounded in count and bytes, drops the oldest, or what its
/// policy says. Safe from any thread;
/// sequence number, counters and dropping are one critical section, so that received = delivered + dropped + queued
/// always holds and a hole in the sequence is exactly the number of events dropped.
///
/// It is *idle* until something comes in, then *busy* until `take` finds nothing: whoever makes it busy sends the one
/// wake-up. What comes in while it is idle goes straight into the next delivery and is not cut to the capacity first.
///
/// Before the queue there may be a replay: what its subscriber has asked for of the time before it came. It is taken as
/// fast as the subscriber takes it; only `shed` cuts it, never the bounds or the policy of the queue.
///
/// A queued event keeps its whole batch alive. Where a subscriber wants little of large batches that would hold far
/// more than its bound; then what is queued is copied together, at most one copy per byte that came in (`compact`).
class bounded_mailbox final : public queue_holder {
public:
  explicit bounded_mailbox(mailbox_bounds x);
  ~bounded_mailbox() override;
  bounded_mailbox(const bounded_mailbox&) = delete;
  bounded_mailbox& operator=(const bounded_mailbox&) = delete;

  struct outcome {
    bool wake = false;    ///< It was idle; the caller must see to it that `take` is called.
    uint64_t dropped = 0; ///< Events dropped for want of room.
    bool evicted = false; ///< Its policy is `disconnect`, and it would have had to drop some: it is closed now.
  };

  /// Takes in parts of a batch. Once closed it takes nothing and counts nothing.
  /// @pre spans are ascending and within the batch.
  /// @param base As in `event_range`.
  /// @param taken For who can deliver at once: where it is idle and the parts are one delivery, they are put there as
  /// `take` would have given them, and nobody is to be woken. Empty before, and after if there is something else to do.
  outcome push(const event_batch_ptr& batch, std::span<const event_span> spans, const batch_numbers_ptr& numbers = {},
               uint64_t base = 0, std::vector<event_range>* taken = nullptr);

  /// Gives these events their sequence numbers, and takes them in ahead of all that comes.
  /// @param lost What is missing before them. @pre nothing has come in
  /// @returns whether to wake its subscriber, as in `outcome`.
  bool replay(const std::vector<event_range>& events, const std::optional<gap_frame>& lost);

  /// Counts events as dropped that never came here: they were lost on their way from another bus.
  /// @returns whether to wake its subscriber, as in `outcome`: it is to be told although no event follows.
  bool lose(uint64_t count);

  /// The next delivery, at most `delivery_bytes` or one event. Becomes idle if there is none.
  /// @pre the one before was `credited`.
  std::vector<event_range> take();

  /// The holes up to the end of what was taken last, and before what comes next. Empty unless `tell_gaps` is set.
  std::vector<gap_frame> taken_gaps() { return std::exchange(taken_gaps_, {}); }

  /// The subscriber has what was taken last. @param spare That, if its memory can be used again.
  /// @returns whether more is queued; becomes idle if not.
  bool credited(std::vector<event_range>&& spare = {});

  /// What publishers that wait for this consumer may send before they ask again; none: they are to wait. With the
  /// policy latest there always is some, since an event takes the place of an older one of its type.
  std::optional<room> room_left() const;

  void close();

  size_t waiting_bytes() const noexcept override { return charged_; }
  void shed(size_t bytes) override;

  conn_counters counters() const;

  /// Bytes of all batches that the queue keeps alive.
  size_t pinned_bytes() const;

private:
  outcome take_in(const event_batch_ptr& batch, std::span<const event_span> spans, const batch_numbers_ptr& numbers,
                  uint64_t base, std::vector<event_range>* taken);
  bool fits_into_a_delivery(const event_batch& batch, std::span<const event_span> spans) const;
  bool take_in_replay(const std::vector<event_range>& events, const std::optional<gap_frame>& lost);
  bool is_idle() const noexcept { return queued_ == 0 && replayed_.empty() && staged_.empty(); }
  bool has_too_much() const noexcept;
  void drop_one(gap_reason why);
  void drop_oldest(gap_reason why);
  void drop_newest(gap_reason why);
  void dropped(uint64_t seq, gap_reason why);
  void append_latest(const event_range& range);
  void move_latest(std::vector<event_range>& to, size_t budget, size_t& used);
  uint64_t next_seq() const;
  void charge(size_t bytes);
  void append(event_range range);
  void pop_front(const event_batch_ptr& batch);
  void move_front(std::vector<event_range>& to, size_t budget, size_t& used);
  void move_replayed(std::vector<event_range>& to, size_t budget, size_t& used);
  void shed_replayed(size_t bytes);
  void compact();

  // What each delivery needs comes first: a hundred conns share the caches.
  const mailbox_bounds bounds_;
  mutable std::mutex mutex_;
  std::vector<event_range> staged_; // next delivery, out of reach of the bounds
  bool busy_ = false;
  bool closed_ = false;
  size_t queued_ = 0;               // events in `queue_`
  size_t queued_bytes_ = 0;         // of them
  size_t replayed_bytes_ = 0;       // of `replayed_`
  std::atomic<size_t> charged_ = 0; // the same as the budget knows it
  uint64_t seq_ = 0;                // last sequence number given
  uint64_t delivered_ = 0;
  uint64_t in_flight_ = 0;            // events of the last `take` that are not credited yet
  uint64_t in_flight_bytes_ = 0;      // of them
  gap_list gaps_;                     // not taken yet
  std::optional<gap_frame> lost_;     // what is missing before `replayed_`; told with the next delivery
  std::vector<gap_frame> taken_gaps_; // of the conn alone, which is the only one to take
  uint64_t dropped_ = 0;
  size_t pinned_bytes_ = 0;          // of the distinct batches in `queue_`
  std::deque<event_range> replayed_; // before all that is queued
  std::deque<event_range> queue_;
  latest_queue latest_; // instead of `queue_`, by the policy latest
};

} // namespace cafbus
