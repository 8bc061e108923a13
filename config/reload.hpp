#pragma once
#include "config/options.hpp"
#include "config/reload_result.hpp"

#include <string>
#include <vector>

namespace cafbus {

/// What becomes of a running daemon's options when they are read again.
struct reload_plan {
  serve_options next; ///< The running ones with what can change now.
  std::vector<option_change> changed;
  std::vector<option_change> need_restart; ///< Those that differ, and stay as they are until a restart.
};

/// Compares what runs with what is wanted.
reload_plan plan_reload(const serve_options& running, const serve_options& wanted);

} // namespace cafbus
