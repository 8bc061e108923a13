#pragma once
#include <string>
#include <string_view>

namespace cafbus::log {

/// `text` in double quotes, everything but printable ASCII escaped, cut after `max_bytes`.
std::string quoted(std::string_view text, size_t max_bytes = 128);

} // namespace cafbus::log
