#pragma once
#include "messages/frames.hpp"

#include <optional>
#include <string_view>
#include <variant>

namespace cafbus {

/// Why a line is not a frame.
enum class codec_error : uint8_t {
  not_json, ///< Not one JSON value, or not UTF-8.
  not_an_object,
  missing_type, ///< No "type", or not a string.
  bad_field,    ///< A known field has the wrong type or is out of range.
};
template <>
struct vocabulary<codec_error> {
  static constexpr std::array words{"not_json", "not_an_object", "missing_type", "bad_field"};
};
static_assert(spells_all_up_to(codec_error::bad_field));

/// Decodes one line (with or without its line end; CR LF is tolerated). Unknown fields are ignored.
/// `publish` and `event` are recognised by their type alone, so that a payload is never parsed here.
/// Never throws; memory is bounded by the line whatever its nesting.
std::variant<frame, codec_error> decode(std::string_view line);

/// Encodes a frame as one line with its '\n'; fields in the order of `PROTOCOL.md`, empty optional ones left out.
/// Bytes in strings that are not UTF-8 become U+FFFD. Never throws.
std::string encode(const hello& x);
std::string encode(const hello_ack& x);
std::string encode(const subscribe_frame& x);
std::string encode(const unsubscribe_frame& x);
std::string encode(const subscribed_frame& x);
std::string encode(const ack_frame& x);
std::string encode(const nack_frame& x);
std::string encode(const consumer_stats& x);
std::string encode(const bye& x);
std::string encode(const pre_shutdown_check& x);
std::string encode(const pre_shutdown_ack& x);
std::string encode(const status_query& x);
std::string encode(const shutdown& x);
std::string encode(const reload_request& x);
std::string encode(const reload_result& x);
std::string encode(const source_status& x);
std::string encode(const gap_frame& x);
std::string encode(const wait_for_room& x);
std::string encode(const publish_ack& x);
std::string encode(const error_frame& x);
std::string encode(const status_response& x);

} // namespace cafbus
