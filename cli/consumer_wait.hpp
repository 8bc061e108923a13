#pragma once
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "io/daemon/starter.hpp"

#include <string>

namespace cafbus {

/// Waits until a consumer of `event_type` is connected to the bus of `paths`, which is started if `policy` says so, and
/// may as well be started by the consumer. Fails with `timed_out` if none comes in time.
/// @param event_type Empty: a consumer of anything will do.
result<void> await_consumer(const app_paths& paths, spawn_policy policy, const std::string& event_type,
                            const deadline& until);

} // namespace cafbus
