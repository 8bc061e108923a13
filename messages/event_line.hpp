#pragma once
#include "messages/event_encoder.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

// What the encoder reads, in a file of its own: lines of JSON, by one pass over each byte.

namespace cafbus {

/// A text field of a line, decoded, or of a program's event.
struct event_name {
  enum class kind : uint8_t { absent, text, bad };

  kind is = kind::absent;
  bool is_plain = false; ///< It stood in a line without an escape: it can be written again as it is.
  std::string_view text; ///< Empty unless it is a text.

  /// @param text From a program, which need not be UTF-8.
  static event_name from(std::string_view text);

  bool good() const { return is != kind::bad; }
  bool fits() const;
};

/// What an event is made of; the last of several fields with one key counts.
struct event_parts {
  event_name type;
  event_name event_type;
  event_name event_id;
  event_name source_time;
  event_name app_id;
  event_name tenant_key;
  event_name observed_at; ///< Of another bus's frame.
  std::string_view payload;

  /// The field of that name; null if an event has none.
  event_name* find(std::string_view key);

  bool is_event_frame() const;
  bool is_other_type() const;
  std::optional<event_error> fault() const;
};

struct parsed_event_line {
  event_parts parts;                ///< Of no use with an error.
  std::optional<event_error> error; ///< Why the line is no object of JSON. What `parts` lack is their `fault`.
};

/// Reads a line of NDJSON.
/// @param line Followed by at least 64 readable bytes.
/// @returns views into the line, or into memory that the next call on this thread uses again.
parsed_event_line read_event_line(std::string_view line, size_t max_depth);

/// What is wrong with text that should be one JSON value.
/// @param text Followed by at least 64 readable bytes.
std::optional<event_error> check_json(std::string_view text, size_t max_depth);

/// Gives back what long lines have taken of this thread's memory: up to four times the longest.
void trim_event_line_memory();

} // namespace cafbus
