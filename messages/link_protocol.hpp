#pragma once
#include <cstdint>

namespace cafbus {

/// Grows with every change that an older bus would not understand.
inline constexpr uint16_t lowest_link_protocol = 1;
inline constexpr uint16_t highest_link_protocol = 2;

/// Events have type numbers, and streams are told of.
inline constexpr uint16_t first_protocol_with_streams = 2;

} // namespace cafbus
