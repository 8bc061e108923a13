#include "cli/sent_lines.hpp"

#include <algorithm>

namespace cafbus {

void sent_lines::add(uint64_t line) {
  if (runs_.empty() || line - runs_.back().line != sent_ - runs_.back().frame)
    runs_.push_back({sent_, line});
  ++sent_;
}

void sent_lines::answered(uint64_t frames) {
  frames = std::min(frames, sent_);
  if (frames <= answered_)
    return;
  answered_ = frames;
  auto last = frames - 1;
  while (runs_.size() > 1 && runs_[1].frame <= last)
    runs_.pop_front();
  last_answered_ = runs_.front().line + (last - runs_.front().frame);
}

uint64_t sent_lines::first_unanswered() const {
  if (answered_ == sent_)
    return 0;
  const auto& next = runs_.size() > 1 && runs_[1].frame <= answered_ ? runs_[1] : runs_.front();
  return next.line + (answered_ - next.frame);
}

} // namespace cafbus
