#pragma once
#include "config/options.hpp"
#include "config/paths.hpp"

namespace cafbus {

/// Whether the log of a daemon is its file, bus.log. One in the background has no standard error, so that its log is
/// the file although the options name that.
bool logs_to_file(const serve_options& options, bool in_background);

/// Begins the log of a daemon where its options say.
result<void> open_log(const serve_options& options, const app_paths& paths, bool in_background);

} // namespace cafbus
