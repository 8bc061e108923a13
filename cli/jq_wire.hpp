#pragma once
#include "cli/jq_program.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What a `jq_worker` and its process say to each other. Both are one program on one machine, so numbers stand as they
/// do in memory. A message is its size and its bytes: an event's JSON one way, an outcome the other.
namespace cafbus {

void append_number(std::string& out, uint32_t x);

/// Takes a number off the front. @pre There are four bytes.
uint32_t take_number(std::string_view& from);

/// The whole message.
std::string encode_message(std::string_view content);
std::string encode_outcome(const jq_outcome& x);

/// The content of the message that `bytes` begins with, once it is complete.
std::optional<std::string_view> complete_message(std::string_view bytes);

/// @param content Of a message with an outcome. @returns nothing if it is none.
std::optional<jq_outcome> decode_outcome(std::string_view content);

} // namespace cafbus
