#pragma once
#include "messages/frames.hpp"

#include <string>
#include <vector>

namespace cafbus {

/// Whether everything that came in is accounted for: what does not add up, one sentence each, with the difference.
std::vector<std::string> unaccounted(const status_response& x);

} // namespace cafbus
