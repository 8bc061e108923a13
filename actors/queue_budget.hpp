#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_set>

namespace cafbus {

/// Whatever holds events that wait; a `bounded_mailbox` is one.
class queue_holder {
public:
  virtual ~queue_holder() = default;

  /// Bytes that wait and could be dropped. Any thread, takes no lock.
  virtual size_t waiting_bytes() const noexcept = 0;

  /// Drops the oldest until at most `bytes` wait, or one event. Any thread.
  virtual void shed(size_t bytes) = 0;
};

/// The bytes that wait for all consumers of a bus together, and their limit; an event counts once for each consumer
/// that it waits for. Safe from any thread.
///
/// Beyond the limit, the longest queues are cut to one common length and the others keep all: only slow consumers lose
/// events. The cut goes to a sixteenth below the limit, so that many events share the cost of one search.
class queue_budget {
public:
  /// @param limit Bytes.
  explicit queue_budget(size_t limit) noexcept : limit_{limit} {}

  void join(queue_holder& x);
  void leave(queue_holder& x);

  /// A holder's waiting bytes have changed.
  void change(size_t before, size_t after) noexcept { used_ += after - before; }

  /// To be called by a holder that has taken something in, with no lock of its own held.
  void enforce() {
    if (used() > limit())
      cut();
  }

  size_t used() const noexcept { return used_; }
  size_t limit() const noexcept { return limit_; }
  void set_limit(size_t bytes) {
    limit_ = bytes;
    enforce();
  }

private:
  void cut();

  std::atomic<size_t> limit_;
  std::atomic<size_t> used_{0};
  std::mutex mutex_; // guards `holders_`; taken before any holder's own
  std::unordered_set<queue_holder*> holders_;
};

} // namespace cafbus
