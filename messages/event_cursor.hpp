#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cafbus {

/// A place in the stream of all events of one bus: right behind one of them. Opaque to clients.
struct event_cursor {
  uint64_t epoch = 0;    ///< Of the bus: a new one each time that it starts; not 0.
  uint64_t position = 0; ///< Of the event among all that came in.
  bool operator==(const event_cursor&) const = default;
};

/// Longest cursor as text.
inline constexpr size_t max_cursor_bytes = 33;

std::string to_text(event_cursor x);

/// Nothing if `text` is not what `to_text` writes.
std::optional<event_cursor> parse_cursor(std::string_view text);

} // namespace cafbus
