#pragma once
#include "messages/frames.hpp"

#include <string>

namespace cafbus {

/// Asks the bus why nothing comes for this consumer, and says it. Takes two seconds at most.
void explain_silence(const std::string& socket, const hello& subscription);

} // namespace cafbus
