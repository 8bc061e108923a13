#pragma once
#include "messages/actor_messages.hpp"
#include "messages/event_batch.hpp"

#include <chrono>

/// The lines that the hub writes to the log. Any thread.
namespace cafbus {

/// Each event of a batch that has come in, at debug.
void log_received(const event_batch& batch);

void log_source(const source_status& x, std::chrono::steady_clock::time_point now);

/// @param publishers How many have waited for the consumer, and go on.
void log_block_over(const consumer_info& x, size_t publishers, std::chrono::steady_clock::time_point now);

} // namespace cafbus
