#pragma once
#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

/// Durations and sizes as people write them. A number without a unit is refused (but for 0): whether 30 was meant as
/// seconds or milliseconds is not ours to guess.
namespace cafbus {

/// Reads `250ms`, `5s`, `1m` or `1min`, `2h`, `1d`, also `us` and `ns`; `0.5s`; several parts, the larger unit first,
/// as in `1m30s`; `0` and `never` are zero. Parts of a nanosecond are refused.
result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// The shortest exact way to write `x`, e.g. `90s`, `7h`, `0`; `parse_duration` reads it back.
std::string to_text(std::chrono::nanoseconds x);

/// Reads a number of bytes: `1048576`, `256KiB`, `8MiB`, `8M`, `1GiB`, `1.5G`. `K`, `M` and `G` are the same as `KiB`,
/// `MiB` and `GiB`, in small letters as well; `KB`, `MB` and `GB`, which may mean powers of ten, are refused.
result<uint64_t> parse_size(std::string_view text);

/// The shortest exact way to write `bytes`, e.g. `8MiB`; `parse_size` reads it back.
std::string size_text(uint64_t bytes);

/// Reads a decimal number without sign, unit or blanks.
result<uint64_t> parse_count(std::string_view text);

} // namespace cafbus
