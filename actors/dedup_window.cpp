#include "actors/dedup_window.hpp"

namespace cafbus {

dedup_window::dedup_window(size_t capacity, std::chrono::nanoseconds ttl) : capacity_{capacity}, ttl_{ttl} {}

bool dedup_window::claim(std::string_view id, time_point now) {
  if (id.empty() || capacity_ == 0)
    return true;
  if (auto i = index_.find(id); i != index_.end()) {
    auto& known = ring_[i->second];
    if (now - known.since < ttl_)
      return false;
    known.since = now; // keeps its place in the ring: at worst it is forgotten a little early
    return true;
  }
  if (ring_.capacity() == 0)
    ring_.reserve(capacity_); // on the first id, so that a bus without ids pays nothing
  if (ring_.size() < capacity_) {
    ring_.push_back({std::string{id}, now});
    index_.emplace(ring_.back().id, ring_.size() - 1);
    return true;
  }
  auto& oldest = ring_[next_];
  index_.erase(oldest.id);
  oldest.id.assign(id);
  if (oldest.id.capacity() > 4 * id.size() + 64)
    oldest.id.shrink_to_fit(); // one long id must not hold its memory for ever
  oldest.since = now;
  index_.emplace(oldest.id, next_);
  next_ = (next_ + 1) % capacity_;
  return true;
}

} // namespace cafbus
