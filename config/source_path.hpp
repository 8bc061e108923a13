#pragma once
#include <string>
#include <string_view>

namespace cafbus {

/// `source`; the path of a `file:` becomes absolute, relative to `folder`: that of the configuration file in which it
/// stands, or that in which a command starts the daemon, which changes to another one.
std::string with_absolute_path(std::string_view source, const std::string& folder);

/// The same for several sources on lines of their own, as they stand in CAFBUS_SOURCE.
std::string with_absolute_paths(std::string_view sources, const std::string& folder);

} // namespace cafbus
