#pragma once
#include "messages/event_filter.hpp"

namespace cafbus {

/// A filter as people write it: `/action == "opened" and /issue/number > 100`. A pointer ends at a blank, or stands in
/// double quotes; values are JSON: `/state in ["open", "closed"] and "/a b" exists`.
/// @returns the conditions, of which check_filter() holds. A failure says at which character what is wrong, and what
/// would be right.
result<event_filter> parse_filter(std::string_view text);

/// The same the other way: what `parse_filter` reads as these conditions.
std::string to_text(const event_filter& filter);

} // namespace cafbus
