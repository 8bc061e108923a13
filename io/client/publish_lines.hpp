#pragma once
#include "messages/event_encoder.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cafbus {

/// What each line of an input is.
enum class line_content : uint8_t {
  json, ///< JSON: an event, or a payload.
  text, ///< Text, which becomes a JSON string: also an empty line; a carriage return at its end is no part of it.
};

/// Turns the lines of an input into `publish` frames. Each is validated here by the bus's own rules, so that a fault is
/// told with its line number, which the bus does not know. The payload's bytes are passed on as they are.
class publish_lines {
public:
  /// @param event_type If not empty, each line is the bare payload of an event of this type. @pre Not empty for text.
  explicit publish_lines(std::string event_type, line_content content = line_content::json);

  /// What is wrong with the event type; empty if nothing is.
  const std::string& type_error() const noexcept { return type_error_; }

  /// @param line Followed by at least 64 readable bytes, as `frame_splitter` gives it.
  /// @returns the frame without '\n', valid until the next call; empty if the line is none, see `error`.
  std::string_view to_frame(std::string_view line);

  /// Why the last line gave no frame; empty if it was blank, which is no fault.
  const std::string& error() const noexcept { return error_; }

private:
  bool is_event(std::string_view payload);
  std::string_view wrap_event(std::string_view line);
  std::string_view wrap_payload(std::string_view line);
  std::string_view wrap_text(std::string_view line);

  event_encoder validator_;
  std::string event_type_;
  line_content content_;
  std::string head_; // of the frame, before the payload
  std::string frame_;
  std::string type_error_;
  std::string error_;
};

/// Whether an object has the key `type` at its top level.
/// @pre `object` is valid JSON.
bool has_type_key(std::string_view object);

} // namespace cafbus
