#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cafbus {

/// The event ids of the recent past: at most `capacity` of them, none older than `ttl`.
/// Memory is a ring of `capacity` strings, whatever comes in.
class dedup_window {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @param capacity 0: remembers nothing.
  dedup_window(size_t capacity, std::chrono::nanoseconds ttl);

  dedup_window(dedup_window&&) = default;
  dedup_window& operator=(dedup_window&&) = default;
  dedup_window(const dedup_window&) = delete;
  dedup_window& operator=(const dedup_window&) = delete;

  /// Whether `id` is new; if it is, it is remembered from now on. The empty id is always new.
  /// A repetition does not prolong the time for which an id is remembered.
  bool claim(std::string_view id, time_point now);

  /// Changes for how long, also for the ids that are remembered already.
  void remember_for(std::chrono::nanoseconds ttl) noexcept { ttl_ = ttl; }

  size_t size() const noexcept { return index_.size(); }

private:
  struct entry {
    std::string id;
    time_point since;
  };
  size_t capacity_;
  std::chrono::nanoseconds ttl_;
  std::vector<entry> ring_; // reserved at once and never moved: the index points into it
  size_t next_ = 0;         // the oldest entry once the ring is full
  std::unordered_map<std::string_view, size_t> index_;
};

} // namespace cafbus
