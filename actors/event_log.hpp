#pragma once
#include "messages/event_batch.hpp"

namespace cafbus {

/// Logs each event of a batch that has come in, at debug.
void log_received(const event_batch& batch);

} // namespace cafbus
