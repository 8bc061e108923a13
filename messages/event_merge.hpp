#pragma once
#include "messages/event_batch.hpp"

#include <deque>

namespace cafbus {

/// Copies ranges into one batch of their own, which keeps none of theirs alive.
event_batch merge(const std::deque<event_range>& ranges);

} // namespace cafbus
