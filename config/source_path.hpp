#pragma once
#include <string>
#include <string_view>

namespace cafbus {

/// `source`, with the path of a `file:` counted from `folder` if it is relative: that of the configuration file which
/// has it, or of whoever starts a daemon, which lives elsewhere.
std::string with_absolute_path(std::string_view source, const std::string& folder);

/// The same for several sources on lines of their own, as they stand in CAFBUS_SOURCE.
std::string with_absolute_paths(std::string_view sources, const std::string& folder);

} // namespace cafbus
