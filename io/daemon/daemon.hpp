#pragma once
#include "base/result.hpp"
#include "config/options.hpp"

#include <functional>
#include <string>

namespace cafbus {

/// Runs the bus of `options.app` in this process until it is told to stop: by a frame, by SIGINT or SIGTERM, by being
/// idle, or by the end of a source. SIGHUP, or a frame, makes it reopen its log file and apply those options that can
/// change at run time. Blocks; to be called once, from main, before any other thread is started, since it blocks those
/// signals for all threads. Fails if it could not start, or something broke. @returns why it was told to stop.
/// @param ready Called once, when consumers can connect; gets the socket's path.
/// @param reread Called for each reload, from this thread; may be null.
/// @param on_demand Started by a command that needs a bus: the hold marker prevents the start and is not cleared.
result<std::string> run_daemon(const serve_options& options, const std::function<void(const std::string&)>& ready,
                               const option_reader& reread = nullptr, bool on_demand = false);

/// Why no bus is started on demand while the hold marker is there.
failure held_back(const app_paths& paths);

} // namespace cafbus
