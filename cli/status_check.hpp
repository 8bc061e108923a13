#pragma once
#include "messages/frames.hpp"

#include <string>
#include <vector>

namespace cafbus {

/// Whether the bus says what became of its events. Those of other makes do not; their counters read as zeros here.
inline bool counts_events(const status_response& x) {
  return !x.version.empty();
}

/// Whether everything that came in is accounted for: what does not add up, one sentence each, with the difference.
std::vector<std::string> unaccounted(const status_response& x);

} // namespace cafbus
