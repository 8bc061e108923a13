#pragma once
#include <functional>
#include <string>
#include <vector>

namespace cafbus {

/// An option that is to have another value.
struct option_change {
  std::string option = {};
  std::string from =
      {}; ///< What runs; empty: unset. Values of an option that can be repeated stand on lines of their own.
  std::string to = {};
  bool operator==(const option_change&) const = default;
};

/// What became of a request to read the configuration again.
struct reload_result {
  std::string file = {};                        ///< The config file that was read; empty: there is none.
  std::vector<option_change> changed = {};      ///< These apply now.
  std::vector<option_change> need_restart = {}; ///< These differ, and stay as they are until a restart.
  std::string error = {};                       ///< Why nothing has changed.
  std::vector<std::string> warnings = {};       ///< What else could not be done.
  bool operator==(const reload_result&) const = default;
};

using reload_answer = std::function<void(const reload_result&)>;

} // namespace cafbus
