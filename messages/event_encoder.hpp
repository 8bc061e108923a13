#pragma once
#include "config/defaults.hpp"
#include "messages/event_batch.hpp"

#include <chrono>
#include <memory>
#include <string_view>

namespace cafbus {

/// Why a line is not an event. `to_string` is what the publisher reads.
enum class event_error : uint8_t {
  not_json, ///< Not exactly one JSON value in valid UTF-8.
  too_deep, ///< Nested deeper than the encoder was told to allow.
  not_an_object,
  missing_event_type, ///< Absent, null or empty.
  missing_payload,
  bad_name,          ///< A text field is neither a string nor null, is not UTF-8, or holds half a surrogate pair.
  name_too_long,     ///< One of those is longer than `max_name_bytes`.
  payload_too_large, ///< Above `max_payload_bytes`.
};
std::string to_string(event_error x);

/// An event before it is encoded, for sources that do not start from JSON lines. All but the payload are decoded text
/// in UTF-8; the payload is JSON.
struct event_fields {
  std::string_view event_type = {};
  std::string_view event_id = {};    ///< Empty: never a duplicate.
  std::string_view source_time = {}; ///< Empty, as the names that follow: left out of the frame.
  std::string_view app_id = {};
  std::string_view tenant_key = {};
  std::string_view payload = {};
};

/// Turns lines into batches: validates each line once, slices the payload out verbatim and encodes the event frame. Not
/// thread-safe; one per connection or source, kept, since it learns how large batches become.
class event_encoder {
public:
  /// @param max_depth Deepest nesting of a line, itself included; at most `defaults::max_json_depth`.
  explicit event_encoder(size_t max_depth = defaults::max_json_depth);
  ~event_encoder();
  event_encoder(event_encoder&&) noexcept;
  event_encoder& operator=(event_encoder&&) noexcept;

  /// What a line was.
  enum class outcome : uint8_t {
    added,      ///< An event; it is in the batch now.
    rejected,   ///< No event; `error()` says why. Nothing was added.
    other_type, ///< A frame whose "type" is neither absent nor "publish"; from another bus: it is not "event".
  };

  /// Who wrote a line.
  enum class origin : uint8_t {
    here,      ///< A producer or source of this bus, which notes the time.
    other_bus, ///< A bus, as an `event` frame; it has noted the time in `observed_at`.
  };

  /// So many bytes of lines are about to come, at most; the batch's memory is allocated by that.
  void reserve(size_t bytes);

  /// Takes one line: a `publish` frame or a source's NDJSON line, which is the same without `type`.
  /// @param line A view that is followed by at least 64 readable bytes, as `frame_splitter` gives it.
  outcome add_line(std::string_view line, origin from = origin::here);

  /// The same for a line that ends where its text ends: it is copied.
  outcome add_text(std::string_view line);

  /// Takes an event from a program. The payload is validated as a line's would be.
  outcome add(const event_fields& fields);

  /// Why the last line was rejected.
  event_error error() const noexcept;

  /// Events in the batch that is being built, and their bytes.
  size_t size() const noexcept;
  size_t bytes() const noexcept;

  /// Sets the clock for the events that follow: one reading serves all that arrived together.
  void arrived_at(std::chrono::system_clock::time_point now);

  /// Hands the batch out and starts a new one. Null if it is empty.
  /// @param origins One for each event, if they came from other buses; else empty.
  event_batch_ptr finish(std::vector<event_origin> origins = {});

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// `now` as RFC 3339 in UTC with nanoseconds, e.g. 2026-11-22T11:30:38.123456789Z.
std::string to_rfc3339(std::chrono::system_clock::time_point now);

} // namespace cafbus
