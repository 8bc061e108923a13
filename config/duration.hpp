#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

/// Durations and sizes as people write them. A number without a unit is refused (but for 0): whether 30 was meant as
/// seconds or milliseconds is not ours to guess.
namespace cafbus {

/// Reads `250ms`, `5s`, `1m` or `1min`, `2h`, `1d`, also `us` and `ns`; `0` and `never` are zero.
/// @returns the duration, or what is wrong with the text and how to write it.
std::variant<std::chrono::nanoseconds, std::string> parse_duration(std::string_view text);

/// The shortest exact way to write `x`, e.g. `90s`, `7h`, `0`; `parse_duration` reads it back.
std::string to_text(std::chrono::nanoseconds x);

/// Reads a number of bytes: `1048576`, `256KiB`, `8MiB`, `1GiB`.
std::variant<uint64_t, std::string> parse_size(std::string_view text);

/// The shortest exact way to write `bytes`, e.g. `8MiB`; `parse_size` reads it back.
std::string size_text(uint64_t bytes);

/// Reads a decimal number without sign, unit or blanks.
std::variant<uint64_t, std::string> parse_count(std::string_view text);

} // namespace cafbus
