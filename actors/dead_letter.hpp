#pragma once
#include "messages/event_batch.hpp"

#include <chrono>
#include <string_view>

namespace cafbus {

/// What begins the types of dead letters.
inline constexpr std::string_view dead_letter_prefix = "dead.";

/// An event that a group has given up, as an event of its own, of the type `dead.` and its own: with its payload and
/// what else its publisher said, and an id that names the group. Null: it is a dead letter itself, or its type is too
/// long.
/// @param now When it is given up. @pre `x` is one event
event_batch_ptr dead_letter(const event_range& x, std::string_view group, std::chrono::system_clock::time_point now);

} // namespace cafbus
