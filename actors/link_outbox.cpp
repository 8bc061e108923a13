#include "actors/link_outbox.hpp"

#include "config/link_limits.hpp"

#include <utility>

namespace cafbus {

/// Where links hold much together, each has one message on its way: it goes on with whoever reads.
bool link_outbox::is_open() const noexcept {
  return !held_ && sent_.size() < window_ && bytes_sent_.own() < window_ * defaults::delivery_bytes &&
         (sent_.empty() || bytes_sent_.all() < defaults::max_certificate_in_flight);
}

std::optional<node_events> link_outbox::next() {
  if (waiting_.empty() || !is_open())
    return std::nullopt;
  auto result = std::move(waiting_.front());
  waiting_.pop_front();
  bytes_sent_.set(bytes_sent_.own() + result.body.size());
  sent_.push_back({result.body.size(), keeps_ ? result : node_events{}});
  return result;
}

void link_outbox::taken() {
  if (sent_.empty())
    return;
  bytes_sent_.set(bytes_sent_.own() - sent_.front().bytes);
  sent_.pop_front();
  ++taken_;
}

bool link_outbox::rewind(uint64_t taken) {
  if (!keeps_ || taken < taken_ || taken - taken_ > sent_.size())
    return false;
  while (taken_ < taken)
    this->taken();
  while (!sent_.empty()) {
    waiting_.push_front(std::move(sent_.back().content));
    sent_.pop_back();
  }
  bytes_sent_.set(0);
  std::erase_if(waiting_, [](node_events& x) { return !forget_answer(x); });
  return true;
}

void link_outbox::clear() {
  waiting_.clear();
}

} // namespace cafbus
