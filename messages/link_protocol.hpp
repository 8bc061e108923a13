#pragma once
#include <cstdint>

namespace cafbus {

/// Grows with every change that an older bus would not understand.
inline constexpr uint16_t lowest_link_protocol = 1;
inline constexpr uint16_t highest_link_protocol = 4;

/// Events have type numbers, and streams are told of.
inline constexpr uint16_t first_protocol_with_streams = 2;

/// A link that was lost can be resumed.
inline constexpr uint16_t first_protocol_with_resume = 3;

/// The window is wide enough for a long wire: 40 MiB fill 500 MiB/s over a round trip of 80 ms.
inline constexpr uint16_t first_protocol_with_wide_window = 4;

/// Messages with events that may be on their way at a time.
constexpr uint32_t link_window(uint16_t protocol) noexcept {
  return protocol >= first_protocol_with_wide_window ? 160 : 8;
}

/// The export that an import had before its connection was lost, and how far the import had come.
struct link_resume {
  uint64_t node = 0;   ///< The export's bus.
  uint64_t number = 0; ///< The export's there; 0: there was none.
  uint64_t taken = 0;  ///< Messages with events that the import has taken of it.
  bool operator==(const link_resume&) const = default;
};

/// The export that an import has got.
struct link_export {
  uint64_t number = 0;  ///< At its bus; 0: it cannot be resumed.
  bool resumed = false; ///< It is the one that the import has asked for.
  bool operator==(const link_export&) const = default;
};

} // namespace cafbus
