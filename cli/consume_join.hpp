#pragma once
#include "cli/consume_request.hpp"
#include "config/runtime_limits.hpp"
#include "io/daemon/starter.hpp"

#include <chrono>

namespace cafbus {

/// How a consumer's bus was found and joined.
struct join_outcome {
  result<reached> bus;
  bool rejected = false;    ///< The bus itself said no; a folder that says no is no such answer.
  bool out_of_time = false; ///< The request's `timeout` was over before the bus had admitted this consumer.
  std::chrono::nanoseconds time_left{0}; ///< Of the request's `timeout`, at least 1; 0: it has none.
};

/// Finds or starts the bus and says hello. One that is busy with set-ups and clean-ups, or full, is asked again. The
/// request's `timeout` runs from the first hello on, so that a set-up counts and the start of a bus does not.
join_outcome join_bus(const app_paths& paths, const consume_request& request, spawn_policy policy);

/// How long a bus of these limits may take to admit a consumer: until a clean-up or set-up has ended and its own set-up
/// has worked, or has been ended.
std::chrono::nanoseconds admission_time(const runtime_limits& limits);

} // namespace cafbus
