#pragma once
#include "base/result.hpp"
#include "messages/frames.hpp"

#include <chrono>
#include <string_view>

namespace cafbus {

/// Whether a wish names exactly one thing, and a bus of these limits can fulfil it. The text of a failure is for the
/// consumer.
result<void> check_replay(const replay_wish& x);
result<void> check_replay(const replay_wish& x, const runtime_limits& limits);

/// The moment that `since` names: RFC 3339, or a duration before `now`. One that is before 1970 is 1970.
result<std::chrono::system_clock::time_point> parse_since(std::string_view text,
                                                          std::chrono::system_clock::time_point now);

} // namespace cafbus
