#pragma once
#include "config/options.hpp"

namespace cafbus {

/// Fails if a source cannot work, and names the place that it came from: --source, CAFBUS_SOURCE or FILE:LINE; also if
/// the options of links contradict each other.
/// @param in_background Of a bus that a command starts: it has no standard input.
result<void> check_serve_options(const loaded_options& options, bool in_background);

} // namespace cafbus
