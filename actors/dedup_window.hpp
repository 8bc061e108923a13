#pragma once
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus {

/// The event ids of the recent past: at most `capacity` of them, none older than `ttl`.
/// Memory is a ring of `capacity` strings and a table of twice to four times as many numbers, whatever comes in.
///
/// Invariant: the table names each entry of the ring once, between the place that its hash says and the next free one.
class dedup_window {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @param capacity 0: remembers nothing.
  dedup_window(size_t capacity, std::chrono::nanoseconds ttl);

  dedup_window(dedup_window&&) = default;
  dedup_window& operator=(dedup_window&&) = default;
  dedup_window(const dedup_window&) = delete;
  dedup_window& operator=(const dedup_window&) = delete;

  struct key {
    std::string_view id = {};
    uint32_t hash = 0;
  };

  /// Fetches the memory that the claim of this id will look at. @returns what to claim then
  key prefetch(std::string_view id) const noexcept;

  /// So many claims before it is a good time for `prefetch`: they take about as long as memory does.
  static constexpr size_t claims_ahead = 8;

  /// Whether an id is new; if it is, it is remembered from now on. The empty id is always new.
  /// A repetition does not prolong the time for which an id is remembered.
  bool claim(const key& x, time_point now);
  bool claim(std::string_view id, time_point now);

  /// Changes for how long, also for the ids that are remembered already.
  void remember_for(std::chrono::nanoseconds ttl) noexcept { ttl_ = ttl; }

  size_t size() const noexcept { return ring_.size(); }

private:
  static constexpr uint32_t nothing = std::numeric_limits<uint32_t>::max();

  struct entry {
    std::string id;
    time_point since;
    uint32_t hash;
  };
  struct place {
    uint32_t entry = nothing; // in the ring
    uint32_t hash = 0;        // of its id, so that hardly another one is looked at
  };

  uint32_t find(std::string_view id, uint32_t hash) const noexcept;
  void add(std::string_view id, uint32_t hash, time_point now);
  void insert(uint32_t entry) noexcept;
  void erase(uint32_t entry) noexcept;
  void grow();
  size_t after(size_t i) const noexcept { return (i + 1) & (table_.size() - 1); }

  size_t capacity_;
  std::chrono::nanoseconds ttl_;
  std::vector<entry> ring_;
  size_t next_ = 0;          // the oldest entry once the ring is full
  std::vector<place> table_; // a power of two, at most half of it taken
};

} // namespace cafbus
