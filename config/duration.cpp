#include "config/duration.hpp"

#include "config/log.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace cafbus {

namespace {

struct unit {
  std::string_view name;
  uint64_t factor;
};

/// Largest first, since the way back takes the first that divides. `m` is read, `min` is written.
constexpr std::array<unit, 8> duration_units{{{"d", 86'400'000'000'000},
                                              {"h", 3'600'000'000'000},
                                              {"min", 60'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"s", 1'000'000'000},
                                              {"ms", 1'000'000},
                                              {"us", 1'000},
                                              {"ns", 1}}};

constexpr std::array<unit, 3> size_units{{{"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}}};

constexpr const char* duration_hint = "write a number with a unit, as in 250ms, 5s, 1min or 2h, or 0 or never";
constexpr const char* size_hint = "write a number of bytes, as in 1048576, or one with KiB, MiB or GiB, as in 8MiB";

/// A text as its leading digits and what follows them.
struct quantity {
  uint64_t number = 0;
  std::string_view rest;
  bool overflow = false;
};

std::optional<quantity> split(std::string_view text) {
  quantity result;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result.number);
  if (error == std::errc::invalid_argument)
    return std::nullopt;
  result.overflow = error == std::errc::result_out_of_range;
  result.rest = text.substr(static_cast<size_t>(end - text.data()));
  return result;
}

template <size_t N>
const unit* find_unit(const std::array<unit, N>& units, std::string_view name) {
  for (const auto& x : units)
    if (x.name == name)
      return &x;
  return nullptr;
}

template <size_t N>
std::string shortest(const std::array<unit, N>& units, uint64_t amount) {
  for (const auto& x : units)
    if (amount != 0 && amount % x.factor == 0)
      return std::to_string(amount / x.factor).append(x.name);
  return std::to_string(amount);
}

} // namespace

std::variant<std::chrono::nanoseconds, std::string> parse_duration(std::string_view text) {
  using std::chrono::nanoseconds;
  if (text == "never")
    return nanoseconds{0};
  auto parts = split(text);
  if (!parts)
    return log::quoted(text) + " is not a duration; " + duration_hint;
  if (parts->rest.empty()) {
    if (parts->number == 0 && !parts->overflow)
      return nanoseconds{0};
    return log::quoted(text) + " has no unit; " + duration_hint;
  }
  const auto* found = find_unit(duration_units, parts->rest);
  if (found == nullptr)
    return log::quoted(text) + " has an unknown unit; " + duration_hint;
  constexpr auto longest = static_cast<uint64_t>(std::numeric_limits<nanoseconds::rep>::max());
  if (parts->overflow || parts->number > longest / found->factor)
    return log::quoted(text) + " is too long; the longest duration is 106751d";
  return nanoseconds{static_cast<nanoseconds::rep>(parts->number * found->factor)};
}

std::string to_text(std::chrono::nanoseconds x) {
  if (x.count() >= 0)
    return shortest(duration_units, static_cast<uint64_t>(x.count()));
  // negated as unsigned, so that the smallest one has no overflow either
  return "-" + shortest(duration_units, 0 - static_cast<uint64_t>(x.count()));
}

std::variant<uint64_t, std::string> parse_size(std::string_view text) {
  auto parts = split(text);
  if (!parts)
    return log::quoted(text) + " is not a size; " + size_hint;
  uint64_t factor = 1;
  if (!parts->rest.empty()) {
    const auto* found = find_unit(size_units, parts->rest);
    if (found == nullptr)
      return log::quoted(text) + " has an unknown unit; " + size_hint;
    factor = found->factor;
  }
  if (parts->overflow || parts->number > std::numeric_limits<uint64_t>::max() / factor)
    return log::quoted(text) + " is too large";
  return parts->number * factor;
}

std::string size_text(uint64_t bytes) {
  return shortest(size_units, bytes);
}

std::variant<uint64_t, std::string> parse_count(std::string_view text) {
  auto parts = split(text);
  if (!parts || !parts->rest.empty())
    return log::quoted(text) + " is not a whole number";
  if (parts->overflow)
    return log::quoted(text) + " is too large";
  return parts->number;
}

} // namespace cafbus
