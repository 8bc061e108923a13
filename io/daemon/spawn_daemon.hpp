#pragma once
#include "base/result.hpp"
#include "config/paths.hpp"

namespace cafbus {

/// Starts a detached daemon by executing this program again, and waits until it listens. Fails with what the daemon
/// reported, or with how it died; of kind `closed` if somebody killed it before it could say a word, which is no fault
/// of its own. To be used while the process has one thread only, since it forks. @pre the fork lock is held
result<void> spawn_daemon(const app_paths& paths);

} // namespace cafbus
