#pragma once
#include "messages/frames.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace cafbus {

/// The holes in the sequence numbers of one consumer that it has not been told of. Holes that touch and have one reason
/// are one. Beyond `max_mixed` holes those that touch are one whatever their reasons, so that there are no more than
/// events between them.
class gap_list {
public:
  static constexpr size_t max_mixed = 64;

  /// The events [first, last] were dropped. @pre none of them is in a hole, and first <= last.
  void add(uint64_t first, uint64_t last, gap_reason reason);

  bool empty() const noexcept { return holes_.empty(); }

  /// Takes out the holes before `seq`, in order.
  std::vector<gap_frame> take_before(uint64_t seq);

private:
  struct hole {
    uint64_t last;
    gap_reason reason;
  };

  bool are_one(const hole& before, gap_reason after) const {
    return before.reason == after || holes_.size() >= max_mixed;
  }

  std::map<uint64_t, hole> holes_; // by their first number
};

} // namespace cafbus
