#include "cli/stats_teller.hpp"

#include "messages/frame_codec.hpp"

namespace cafbus {

std::string stats_teller::progress(const consumer_stats& x, clock::time_point now) {
  changed_ = x != told_;
  if (!changed_ || now < next_)
    return {};
  told_ = x;
  changed_ = false;
  next_ = now + pace;
  return encode(x);
}

std::optional<stats_teller::clock::time_point> stats_teller::due() const {
  return changed_ ? std::optional{next_} : std::nullopt;
}

} // namespace cafbus
