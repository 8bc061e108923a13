#pragma once
#include "config/defaults.hpp"

/// Limits of the wire between two buses; apart from `defaults.hpp` since no option changes them.
namespace cafbus::defaults {

/// Bytes of what one link asks for, at most: 65,536 types of 60 bytes.
inline constexpr size_t max_link_interest_bytes = 4 * 1'048'576;
/// What a link asks for is taken in only so long after what it asked for before, for each type of that, so that the hub
/// has time for events, too. Up to 250 types, those of an honest bus, `node_interest_pause` apart, do not wait.
inline constexpr auto link_interest_pause = 20us;
/// Bytes of one message with events, at most: a delivery, or one event that is larger, and what stands around each.
inline constexpr size_t max_link_events_bytes = max_frame_bytes + 128 * 1'024;
/// Bytes that are on their way over all links of one certificate, beyond which each of these links sends one message at
/// a time: those of four links. As many may lie once more in the buffers of sockets.
inline constexpr size_t max_certificate_in_flight = 160 * 1'048'576;
/// Of all places for links, one in so many is kept from a certificate that has as many: nobody keeps all others out.
inline constexpr size_t certificate_share = 4;
/// TLS handshakes that strangers may begin here within so long, and as many again the hosts of buses that have been
/// linked. 256 buses that come at once are all linked within a few attempts.
inline constexpr auto handshake_window = 100ms;
inline constexpr uint32_t handshakes_per_window = 10;
/// Each end of a link asks so often whether the other one is there.
inline constexpr auto link_ping_interval = 2s;
/// A link that gets no sign of life from the other bus for so long is given up, at both ends.
inline constexpr auto link_silence_timeout = 6s;
/// Longest pause between two attempts to reach another bus: what that bus keeps waits for `link_grace` only.
inline constexpr auto link_backoff_max = 5s;
/// A certificate that expires within this time is named in the log.
inline constexpr auto certificate_warning = 7 * 24h;

} // namespace cafbus::defaults
