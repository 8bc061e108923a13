#pragma once
#include "messages/event_batch.hpp"

#include <unordered_map>

namespace cafbus {

/// Which events of other buses have been here: the highest number of each bus. An event that comes a second way, or
/// after a later one of the same bus, is refused, so that each is taken at most once and in its bus's order; memory
/// does not grow with events.
class origin_window {
public:
  /// @param self This bus: what it has sent out itself is refused.
  explicit origin_window(uint64_t self) : self_{self} {}

  /// Whether the event is new; if it is, it and all before it are refused from now on.
  bool claim(const event_origin& x);

  size_t size() const noexcept { return latest_.size(); }

private:
  struct entry {
    uint64_t number = 0;
    uint64_t used = 0; ///< The claim, counted, that used it last.
  };
  uint64_t self_;
  uint64_t claims_ = 0;
  std::unordered_map<uint64_t, entry> latest_;
};

} // namespace cafbus
