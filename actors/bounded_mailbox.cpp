#include "actors/bounded_mailbox.hpp"

#include "messages/event_merge.hpp"

#include <algorithm>

namespace cafbus {

namespace {

/// The largest number that every reader of JSON keeps exactly.
constexpr uint64_t max_seq = uint64_t{1} << 53;

/// What a consumer that keeps up needs for its next delivery, and no more: thousands of them wait.
constexpr size_t most_spare_ranges = 1;

} // namespace

bounded_mailbox::bounded_mailbox(mailbox_bounds x) : bounds_{std::move(x)} {
  if (bounds_.budget)
    bounds_.budget->join(*this);
}

bounded_mailbox::~bounded_mailbox() {
  if (bounds_.budget)
    bounds_.budget->leave(*this);
  charge(0);
}

bounded_mailbox::outcome bounded_mailbox::push(const event_batch_ptr& batch, std::span<const event_span> spans,
                                               const batch_numbers_ptr& numbers, uint64_t base,
                                               std::vector<event_range>* taken) {
  auto result = take_in(batch, spans, numbers, bounds_.cursors ? base : 0, taken);
  if (bounds_.budget)
    bounds_.budget->enforce();
  return result;
}

bounded_mailbox::outcome bounded_mailbox::take_in(const event_batch_ptr& batch, std::span<const event_span> spans,
                                                  const batch_numbers_ptr& numbers, uint64_t base,
                                                  std::vector<event_range>* taken) {
  std::lock_guard guard{mutex_};
  if (closed_)
    return {};
  outcome result;
  if (!busy_ && fits_into_a_delivery(*batch, spans)) { // as below, without the way through the queue
    staged_.push_back({batch, spans[0].first, spans[0].last, seq_ + 1, numbers, base});
    seq_ += spans[0].last - spans[0].first;
    busy_ = true;
    result.wake = !taken || !gaps_.empty() || lost_;
    if (!result.wake) {
      taken->swap(staged_);
      in_flight_ = taken->front().size();
      in_flight_bytes_ = taken->front().bytes();
    }
    return result;
  }
  for (auto [first, last] : spans) {
    append({batch, first, last, seq_ + 1, numbers, base});
    seq_ += last - first;
  }
  if (!busy_ && queued_ > 0) {
    busy_ = result.wake = true;
    size_t used = 0;
    move_front(staged_, bounds_.delivery_bytes, used);
  }
  const auto before = dropped_;
  if (bounds_.policy == queue_policy::disconnect && has_too_much()) {
    result.evicted = closed_ = true;
    charge(0);
    return result;
  }
  while (has_too_much())
    drop_one(gap_reason::queue_full);
  result.dropped = dropped_ - before;
  charge(queued_bytes_ + replayed_bytes_);
  // twice the bound: after a copy at least one bound's worth of batches must come in before the next
  if (pinned_bytes_ > 2 * bounds_.bytes && pinned_bytes_ > 2 * queued_bytes_)
    compact();
  return result;
}

/// What most batches are where a consumer keeps up.
bool bounded_mailbox::fits_into_a_delivery(const event_batch& batch, std::span<const event_span> spans) const {
  return spans.size() == 1 && bounds_.policy != queue_policy::latest &&
         batch.bytes_of(spans[0].first, spans[0].last) <= bounds_.delivery_bytes;
}

bool bounded_mailbox::replay(const std::vector<event_range>& events, const std::optional<gap_frame>& lost) {
  const auto wake = take_in_replay(events, lost);
  if (bounds_.budget)
    bounds_.budget->enforce();
  return wake;
}

bool bounded_mailbox::take_in_replay(const std::vector<event_range>& events, const std::optional<gap_frame>& lost) {
  std::lock_guard guard{mutex_};
  if (closed_ || (events.empty() && !lost))
    return false;
  lost_ = lost;
  for (auto x : events) {
    x.seq = seq_ + 1;
    seq_ += x.size();
    replayed_bytes_ += x.bytes();
    replayed_.push_back(std::move(x));
  }
  charge(queued_bytes_ + replayed_bytes_);
  return !std::exchange(busy_, true);
}

bool bounded_mailbox::lose(uint64_t count) {
  std::lock_guard guard{mutex_};
  // A bus that lies about what was lost must not make the numbers start again.
  if (closed_ || count == 0 || count > max_seq - std::min(seq_, max_seq))
    return false;
  if (bounds_.tell_gaps)
    gaps_.add(seq_ + 1, seq_ + count, gap_reason::link);
  seq_ += count;
  dropped_ += count;
  const auto wake = bounds_.tell_gaps && !busy_;
  busy_ = busy_ || wake;
  return wake;
}

std::vector<event_range> bounded_mailbox::take() {
  std::lock_guard guard{mutex_};
  std::vector<event_range> result = std::move(staged_);
  staged_ = {};
  size_t used = 0;
  for (const auto& x : result)
    used += x.bytes();
  if (queued_ != 0 || replayed_bytes_ != 0) {
    move_replayed(result, bounds_.delivery_bytes, used);
    if (replayed_.empty())
      move_front(result, bounds_.delivery_bytes, used);
  }
  if (bounds_.tell_gaps)
    taken_gaps_ = gaps_.take_before(next_seq());
  if (lost_)
    taken_gaps_.insert(taken_gaps_.begin(), *std::exchange(lost_, {}));
  if (!closed_)
    charge(queued_bytes_ + replayed_bytes_);
  busy_ = !result.empty() || !taken_gaps_.empty();
  in_flight_bytes_ = used;
  for (const auto& x : result)
    in_flight_ += x.size();
  return result;
}

bool bounded_mailbox::credited(std::vector<event_range>&& spare) {
  spare.clear(); // what it names is to go now
  std::lock_guard guard{mutex_};
  if (spare.capacity() <= most_spare_ranges && staged_.capacity() == 0)
    staged_.swap(spare);
  delivered_ += in_flight_;
  in_flight_ = 0;
  in_flight_bytes_ = 0;
  busy_ = !is_idle() || !gaps_.empty();
  return busy_;
}

void bounded_mailbox::close() {
  std::lock_guard guard{mutex_};
  closed_ = true;
  charge(0); // what is left goes with it
}

void bounded_mailbox::shed(size_t bytes) {
  std::lock_guard guard{mutex_};
  if (closed_)
    return;
  shed_replayed(bytes);
  while (queued_ > 1 && queued_bytes_ > bytes)
    drop_one(gap_reason::shed);
  charge(queued_bytes_ + replayed_bytes_);
}

/// One thread at a time: under the lock, or when nobody else is left.
void bounded_mailbox::charge(size_t bytes) {
  const auto before = charged_.load(std::memory_order_relaxed);
  if (before == bytes)
    return;
  charged_.store(bytes, std::memory_order_relaxed);
  if (bounds_.budget)
    bounds_.budget->change(before, bytes);
}

conn_counters bounded_mailbox::counters() const {
  std::lock_guard guard{mutex_};
  auto queued_bytes = queued_bytes_ + replayed_bytes_ + in_flight_bytes_;
  for (const auto& x : staged_)
    queued_bytes += x.bytes();
  return {seq_, dropped_, delivered_, seq_ - dropped_ - delivered_, queued_bytes};
}

size_t bounded_mailbox::pinned_bytes() const {
  std::lock_guard guard{mutex_};
  return pinned_bytes_;
}

void bounded_mailbox::append(event_range range) {
  if (bounds_.policy == queue_policy::latest)
    return append_latest(range);
  queued_ += range.size();
  queued_bytes_ += range.bytes();
  if (queue_.empty() || queue_.back().batch != range.batch)
    pinned_bytes_ += range.batch->bytes.size();
  queue_.push_back(std::move(range));
}

/// @param batch of the front range
/// @pre the counts of that have been taken off already
void bounded_mailbox::pop_front(const event_batch_ptr& batch) {
  queue_.pop_front();
  if (queue_.empty() || queue_.front().batch != batch)
    pinned_bytes_ -= batch->bytes.size();
}

bool bounded_mailbox::has_too_much() const noexcept {
  return queued_ > 1 && (queued_ > bounds_.events || queued_bytes_ > bounds_.bytes);
}

std::optional<room> bounded_mailbox::room_left() const {
  std::lock_guard guard{mutex_};
  if (bounds_.policy == queue_policy::latest || closed_)
    return room{bounds_.events, bounds_.bytes};
  if (queued_ > 0 && (queued_ >= bounds_.full_events || queued_bytes_ >= bounds_.full_bytes))
    return std::nullopt;
  return room{bounds_.full_events - queued_, bounds_.full_bytes - queued_bytes_};
}

/// Of the first event that waits, or else of the one that comes next.
uint64_t bounded_mailbox::next_seq() const {
  if (!replayed_.empty())
    return replayed_.front().seq;
  if (!latest_.empty())
    return latest_.front().seq;
  return queue_.empty() ? seq_ + 1 : queue_.front().seq;
}

void bounded_mailbox::dropped(uint64_t seq, gap_reason why) {
  --queued_;
  ++dropped_;
  if (bounds_.tell_gaps)
    gaps_.add(seq, seq, why);
}

/// @pre something waits
void bounded_mailbox::drop_one(gap_reason why) {
  if (bounds_.policy == queue_policy::latest) {
    auto oldest = latest_.pop_front();
    queued_bytes_ -= oldest.bytes();
    dropped(oldest.seq, why);
  } else if (bounds_.policy == queue_policy::drop_newest) {
    drop_newest(why);
  } else {
    drop_oldest(why);
  }
}

void bounded_mailbox::drop_newest(gap_reason why) {
  auto& newest = queue_.back();
  queued_bytes_ -= newest.batch->bytes_of(newest.last - 1, newest.last);
  dropped(newest.seq + newest.size() - 1, why);
  if (--newest.last != newest.first)
    return;
  auto batch = std::move(newest.batch);
  queue_.pop_back();
  if (queue_.empty() || queue_.back().batch != batch)
    pinned_bytes_ -= batch->bytes.size();
}

/// An event that gives way to a newer one of its type was not taken in time.
void bounded_mailbox::append_latest(const event_range& range) {
  for (auto i = range.first; i < range.last; ++i) {
    ++queued_;
    queued_bytes_ += range.batch->bytes_of(i, i + 1);
    if (auto older = latest_.put(range, i)) {
      queued_bytes_ -= older->bytes();
      dropped(older->seq, gap_reason::queue_full);
    }
  }
}

void bounded_mailbox::move_latest(std::vector<event_range>& to, size_t budget, size_t& used) {
  while (!latest_.empty()) {
    const auto bytes = latest_.front().bytes();
    if (used + bytes > budget && !to.empty())
      return;
    to.push_back(latest_.pop_front());
    --queued_;
    queued_bytes_ -= bytes;
    used += bytes;
  }
}

void bounded_mailbox::drop_oldest(gap_reason why) {
  auto& oldest = queue_.front();
  dropped(oldest.seq, why);
  queued_bytes_ -= oldest.batch->bytes_of(oldest.first, oldest.first + 1);
  ++oldest.first;
  ++oldest.seq;
  if (oldest.size() == 0)
    pop_front(event_batch_ptr{std::move(oldest.batch)});
}

/// Moves events from the queue's front until `budget` bytes are used, at least one.
void bounded_mailbox::move_front(std::vector<event_range>& to, size_t budget, size_t& used) {
  move_latest(to, budget, used);
  while (!queue_.empty()) {
    auto& front = queue_.front();
    auto bytes = front.bytes();
    if (used + bytes <= budget) {
      queued_ -= front.size();
      queued_bytes_ -= bytes;
      used += bytes;
      to.push_back(std::move(front));
      pop_front(to.back().batch);
      continue;
    }
    // the longest part of the range that fits: encoded sizes only grow along it
    auto slots = front.batch->slots.begin();
    auto limit = front.batch->slots[front.first].begin + (used < budget ? budget - used : 0);
    auto fits = std::partition_point(slots + front.first, slots + front.last,
                                     [&](const auto& x) { return x.begin + x.head + x.tail <= limit; });
    auto cut = static_cast<uint32_t>(fits - slots);
    if (cut == front.first && !to.empty())
      return;
    cut = std::max(cut, front.first + 1);
    event_range part{front.batch, front.first, cut, front.seq, front.numbers, front.base};
    queued_ -= part.size();
    queued_bytes_ -= part.bytes();
    used += part.bytes();
    front.seq += part.size();
    front.first = cut;
    to.push_back(std::move(part));
    if (front.size() == 0)
      pop_front(to.back().batch);
    return;
  }
}

/// One event at a time where its range does not fit as a whole.
void bounded_mailbox::move_replayed(std::vector<event_range>& to, size_t budget, size_t& used) {
  while (!replayed_.empty()) {
    auto& front = replayed_.front();
    auto part = front;
    part.last = part.first;
    size_t bytes = 0;
    do
      bytes = front.batch->bytes_of(front.first, ++part.last);
    while (part.last != front.last && used + front.batch->bytes_of(front.first, part.last + 1) <= budget);
    if (used + bytes > budget && !to.empty())
      return;
    used += bytes;
    replayed_bytes_ -= bytes;
    front.first = part.last;
    front.seq += part.size();
    to.push_back(std::move(part));
    if (front.size() == 0)
      replayed_.pop_front();
  }
}

/// The oldest go first, as everywhere.
void bounded_mailbox::shed_replayed(size_t bytes) {
  while (!replayed_.empty() && queued_bytes_ + replayed_bytes_ > bytes) {
    auto& front = replayed_.front();
    if (queued_ == 0 && replayed_.size() == 1 && front.size() == 1)
      return; // one event is always kept
    replayed_bytes_ -= front.batch->bytes_of(front.first, front.first + 1);
    ++dropped_;
    if (bounds_.tell_gaps)
      gaps_.add(front.seq, front.seq, gap_reason::shed);
    ++front.first;
    ++front.seq;
    if (front.size() == 0)
      replayed_.pop_front();
  }
}

void bounded_mailbox::compact() {
  auto all = std::make_shared<event_batch>(merge(queue_));
  std::deque<event_range> queue;
  uint32_t at = 0;
  for (const auto& x : queue_) {
    const auto end = at + static_cast<uint32_t>(x.size());
    if (queue.empty() || queue.back().seq + queue.back().size() != x.seq) // a hole, where the newest were dropped
      queue.push_back({all, at, end, x.seq, {}});
    else
      queue.back().last = end;
    at = end;
  }
  queue_ = std::move(queue);
  pinned_bytes_ = all->bytes.size();
}

} // namespace cafbus
