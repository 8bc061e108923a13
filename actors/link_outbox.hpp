#pragma once
#include "actors/shared_bytes.hpp"
#include "messages/link_frames.hpp"
#include "messages/node_events.hpp"

#include <deque>

namespace cafbus {

/// What one link sends, in order: so much at a time as the window holds. What is sent stays here until the other bus
/// has taken it, so that it goes out once more over the next connection. Pure: no actor, no clock.
///
/// Invariant: nothing is sent while it is held.
class link_outbox {
public:
  /// @param window Messages on their way at a time, see `link_window`.
  /// @param keeps Whether it may be resumed; otherwise nothing that is sent is kept.
  /// @param all Bytes that are on their way over this and other links; null: no other counts.
  link_outbox(uint32_t window, bool keeps, shared_bytes::sum all = {})
    : window_{window}, keeps_{keeps}, bytes_sent_{std::move(all)} {}

  void push(node_events x) { waiting_.push_back(std::move(x)); }

  /// The message that is to be sent now: it counts as sent. Nothing: none waits, or there is no room.
  std::optional<node_events> next();

  /// The other bus has taken the oldest that was sent.
  void taken();

  /// The connection is lost.
  void hold() noexcept { held_ = true; }

  /// For the next connection: what the other bus has not taken waits again, before everything else.
  /// @param taken Messages that it has taken in all. @returns whether it can have.
  bool rewind(uint64_t taken);

  /// The next connection is ready for events.
  void release() noexcept { held_ = false; }

  /// Nothing of it is wanted any more.
  void clear();

  bool is_held() const noexcept { return held_; }

  /// Whether one more would be sent at once.
  bool is_open() const noexcept;

  /// Whether there is nothing that the other bus has not taken.
  bool is_empty() const noexcept { return sent_.empty() && waiting_.empty(); }

  /// Messages that are sent and not taken.
  size_t in_flight() const noexcept { return sent_.size(); }

private:
  struct message {
    size_t bytes;
    node_events content; // empty if it is not kept
  };

  uint32_t window_;
  bool keeps_;
  bool held_ = false;
  std::deque<message> sent_;
  std::deque<node_events> waiting_;
  shared_bytes bytes_sent_; // of those in `sent_`
  uint64_t taken_ = 0;
};

} // namespace cafbus
