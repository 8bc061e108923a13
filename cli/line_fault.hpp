#pragma once
#include <string>
#include <string_view>

namespace cafbus {

/// `error`, as `publish_lines` reports it, for people: a bare code, which programs and the log go by, is followed by
/// what it means, with the field and the limit.
/// @param line What is wrong; its fields are named only if it is an event.
std::string line_fault(const std::string& error, std::string_view line);

} // namespace cafbus
