#include "cli/event_confirmations.hpp"

#include "messages/frame_codec.hpp"

namespace cafbus {

void event_confirmations::took(uint64_t seq, uint64_t given) {
  close(given);
  taken_ = seq;
}

/// Nothing but writing is left to do for the last event.
void event_confirmations::close(uint64_t given) {
  const auto seq = std::exchange(taken_, 0);
  const auto failed = std::exchange(failed_, false);
  if (seq == 0)
    return;
  if (failed)
    frames_ += encode(nack_frame{seq, 0});
  else
    unwritten_.push_back({seq, given});
}

void event_confirmations::progress(uint64_t given, uint64_t written, bool idle) {
  if (idle)
    close(given);
  for (; !unwritten_.empty() && written >= unwritten_.front().given; unwritten_.pop_front())
    frames_ += encode(ack_frame{unwritten_.front().seq});
}

} // namespace cafbus
