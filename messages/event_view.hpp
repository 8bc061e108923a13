#pragma once
#include "messages/event_batch.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

namespace cafbus {

/// One event as a subscriber reads it: all that the bus knows of it. A view: it is good for as long as the ranges that
/// it was made of, in a handler for as long as the `delivery`; whoever keeps the event longer keeps a copy of the
/// `event_range`. Any thread.
class event_view {
public:
  /// @param range Outlives this. @pre range.first <= index < range.last
  /// @param epoch Of the cursors; 0: there are none.
  event_view(const event_range& range, uint32_t index, uint64_t epoch) noexcept
    : range_{&range}, index_{index}, epoch_{epoch} {}

  /// Decoded.
  const std::string& type() const noexcept { return range_->batch->type(index_); }
  /// JSON, byte for byte as it was published.
  std::string_view payload() const noexcept { return range_->batch->payload(index_); }
  /// Counts what is meant for this subscriber, from 1 on: a hole is what was dropped.
  uint64_t seq() const noexcept { return range_->seq + (index_ - range_->first); }
  /// How often members of a group have been given it, this time included; else 1.
  uint32_t attempt() const noexcept { return range_->attempt; }
  /// Where it entered the network of linked buses; `node` 0: at this bus. The numbers are 0 unless another bus is
  /// linked.
  event_origin origin() const noexcept { return range_->origin(index_); }

  /// What its publisher said of it, decoded; empty: nothing.
  std::string id() const { return text("event_id"); }
  std::string source_time() const { return text("source_time"); }
  std::string app_id() const { return text("app_id"); }
  std::string tenant_key() const { return text("tenant_key"); }
  /// When the first bus took it in: RFC 3339, UTC, nanoseconds.
  std::string observed_at() const { return text("observed_at"); }
  /// For `replay_wish::cursor`: the place right behind it. Empty, unless the subscriber has asked for cursors.
  std::string cursor() const;

  /// The `event` frame that a consumer on a socket would get, with its '\n'.
  std::string frame() const;

private:
  std::string text(std::string_view key) const;

  const event_range* range_;
  uint32_t index_;
  uint64_t epoch_;
};

/// The events of some ranges, one after another.
class event_views {
public:
  class iterator {
  public:
    using iterator_category = std::input_iterator_tag; // what it gives is made when it is asked for
    using value_type = event_view;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = event_view;

    iterator() = default;
    event_view operator*() const noexcept { return {*at_, index_, epoch_}; }
    iterator& operator++() noexcept {
      if (++index_ == at_->last) {
        ++at_;
        settle();
      }
      return *this;
    }
    iterator operator++(int) noexcept {
      auto before = *this;
      ++*this;
      return before;
    }
    bool operator==(const iterator& x) const noexcept { return at_ == x.at_ && index_ == x.index_; }

  private:
    friend class event_views;
    iterator(const event_range* at, const event_range* end, uint64_t epoch) : at_{at}, end_{end}, epoch_{epoch} {
      settle();
    }

    /// At the next range that has an event.
    void settle() noexcept {
      while (at_ != end_ && at_->size() == 0)
        ++at_;
      index_ = at_ == end_ ? 0 : at_->first;
    }

    const event_range* at_ = nullptr;
    const event_range* end_ = nullptr;
    uint32_t index_ = 0;
    uint64_t epoch_ = 0;
  };

  /// @param ranges Outlive this and its views.
  explicit event_views(std::span<const event_range> ranges, uint64_t epoch = 0) noexcept
    : ranges_{ranges}, epoch_{epoch} {}

  iterator begin() const noexcept { return {ranges_.data(), ranges_.data() + ranges_.size(), epoch_}; }
  iterator end() const noexcept {
    const auto* end = ranges_.data() + ranges_.size();
    return {end, end, epoch_};
  }

private:
  std::span<const event_range> ranges_;
  uint64_t epoch_;
};

} // namespace cafbus
