#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace cafbus {

/// A part of a sum of bytes that others have parts of, too; its end takes it away. Each part is for one thread, the sum
/// for any.
class shared_bytes {
public:
  using sum = std::shared_ptr<std::atomic<size_t>>;

  /// @param x Null: this is the only part.
  explicit shared_bytes(sum x = {}) noexcept : sum_{std::move(x)} {}

  shared_bytes(shared_bytes&& x) noexcept : sum_{std::move(x.sum_)}, own_{std::exchange(x.own_, 0)} {}
  shared_bytes& operator=(shared_bytes&& x) noexcept {
    sum_.swap(x.sum_);
    std::swap(own_, x.own_);
    return *this;
  }
  ~shared_bytes() { set(0); }

  void set(size_t bytes) noexcept {
    if (sum_)
      *sum_ += bytes - own_;
    own_ = bytes;
  }

  size_t own() const noexcept { return own_; }
  size_t all() const noexcept { return sum_ ? sum_->load() : own_; }

private:
  sum sum_;
  size_t own_ = 0;
};

} // namespace cafbus
