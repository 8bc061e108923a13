#pragma once
#include "messages/frames.hpp"

#include <string>
#include <vector>

namespace cafbus {

/// A status for people: several lines, nothing unprintable in them.
std::string status_text(const status_response& x);

/// Why somebody may be waiting for events in vain; empty if nothing speaks for it.
std::vector<std::string> explain(const status_response& x);

} // namespace cafbus
