#pragma once
#include "base/result.hpp"

#include <string>

namespace cafbus {

/// Fails with the way out if nothing is at `path` and it looks as if a shell were to change it first, which none does
/// with an option: `~`, `$NAME` and quotes.
result<void> check_literal_path(const std::string& path);

} // namespace cafbus
