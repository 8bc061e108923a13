#pragma once
#include "config/defaults.hpp"

/// Limits of the wire between two buses; apart from `defaults.hpp` since no option changes them.
namespace cafbus::defaults {

/// Bytes of what one link asks for, at most: 65,536 types of 60 bytes.
inline constexpr size_t max_link_interest_bytes = 4 * 1'048'576;
/// Bytes of one message with events, at most: a delivery, or one event that is larger, and what stands around each.
inline constexpr size_t max_link_events_bytes = max_frame_bytes + 128 * 1'024;
/// Each end of a link asks so often whether the other one is there.
inline constexpr auto link_ping_interval = 2s;
/// A link that gets no sign of life from the other bus for so long is given up, at both ends.
inline constexpr auto link_silence_timeout = 6s;
/// Longest pause between two attempts to reach another bus: what that bus keeps waits for `link_grace` only.
inline constexpr auto link_backoff_max = 5s;
/// A certificate that expires within this time is named in the log.
inline constexpr auto certificate_warning = 7 * 24h;

} // namespace cafbus::defaults
