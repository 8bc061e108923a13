#pragma once
#include "config/options.hpp"

#include <string>
#include <vector>

namespace cafbus {

/// What becomes of a running daemon's options when they are read again.
struct reload_plan {
  serve_options next;                    ///< The running ones with what can change now.
  std::vector<std::string> changed;      ///< Names of the options that have changed.
  std::vector<std::string> need_restart; ///< Names of those that differ, and stay as they are until a restart.
};

/// Compares what runs with what is wanted.
reload_plan plan_reload(const serve_options& running, const serve_options& wanted);

} // namespace cafbus
