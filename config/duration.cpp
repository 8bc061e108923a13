#include "config/duration.hpp"

#include "config/quoted.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>
#include <span>

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

/// The first of equal ones is written.
constexpr std::array<unit, 9> size_units{{{"GiB", 1ull << 30},
                                          {"G", 1ull << 30},
                                          {"g", 1ull << 30},
                                          {"MiB", 1ull << 20},
                                          {"M", 1ull << 20},
                                          {"m", 1ull << 20},
                                          {"KiB", 1ull << 10},
                                          {"K", 1ull << 10},
                                          {"k", 1ull << 10}}};

constexpr const char* duration_hint = "write a number with a unit, as in 250ms, 0.5s, 1m30s or 2h, or 0 or never";
constexpr const char* size_hint = "write a number of bytes, as in 1048576, or one with K, M or G, as in 8M or 8MiB";

failure wrong(std::string_view text, const std::string& why) {
  return {failure_kind::invalid, log::quoted(text) + ' ' + why};
}

const unit* find_unit(std::span<const unit> units, std::string_view name) {
  for (const auto& x : units)
    if (x.name == name)
      return &x;
  return nullptr;
}

/// A number with a unit, such as `1.5h`, as it stands in a text.
struct part {
  uint64_t whole = 0;
  std::string_view decimals; // without the point; empty: it has none
  std::string_view unit;
  bool overflow = false;
};

/// Takes a part off the front of `text`. @returns nothing if none stands there.
std::optional<part> take_part(std::string_view& text) {
  constexpr std::string_view digits = "0123456789";
  part result;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result.whole);
  if (error == std::errc::invalid_argument)
    return std::nullopt;
  result.overflow = error == std::errc::result_out_of_range;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    result.decimals = text.substr(0, text.find_first_not_of(digits));
    text.remove_prefix(result.decimals.size());
    if (result.decimals.empty())
      return std::nullopt;
  }
  result.unit = text.substr(0, text.find_first_of(digits));
  text.remove_prefix(result.unit.size());
  return result;
}

/// The decimals of `x` in the smallest unit; nothing if they are no whole number of it. @param factor Of its unit.
std::optional<uint64_t> fraction_of(const part& x, uint64_t factor) {
  constexpr size_t most_digits = 18; // of 64 bits
  const auto digits = x.decimals.substr(0, x.decimals.find_last_not_of('0') + 1);
  if (digits.empty())
    return 0;
  if (digits.size() > most_digits)
    return std::nullopt;
  uint64_t numerator = 0;
  uint64_t denominator = 1;
  for (auto digit : digits) {
    numerator = numerator * 10 + static_cast<uint64_t>(digit - '0');
    denominator *= 10;
  }
  const auto common = std::gcd(numerator, denominator);
  denominator /= common;
  return factor % denominator == 0 ? std::optional{numerator / common * (factor / denominator)} : std::nullopt;
}

/// What a kind of amount is called and how it is written.
struct number_grammar {
  std::span<const unit> units;
  uint64_t most;
  const char* name;      // "a duration"
  const char* too_large; // "is too long; ..."
  const char* hint;
  bool many_parts; // 1m30s
};

/// The sum of the parts of `text`, each of a smaller unit than the one before it. @pre no part lacks its unit
result<uint64_t> sum_of_parts(std::string_view text, const number_grammar& x) {
  uint64_t sum = 0;
  auto last = std::numeric_limits<uint64_t>::max();
  for (auto rest = text; !rest.empty();) {
    const auto next = take_part(rest);
    if (!next || (!x.many_parts && !rest.empty()))
      return wrong(text, std::string{"is not "} + x.name + "; " + x.hint);
    const auto* found = find_unit(x.units, next->unit);
    if (found == nullptr)
      return wrong(text, std::string{next->unit.empty() ? "has no unit; " : "has an unknown unit; "} + x.hint);
    if (found->factor >= last)
      return wrong(text, std::string{"must have its larger units first, each once; "} + x.hint);
    last = found->factor;
    const auto fraction = fraction_of(*next, found->factor);
    if (!fraction)
      return wrong(text, "has more decimals than can be kept");
    if (next->overflow || next->whole > (x.most - *fraction) / found->factor ||
        next->whole * found->factor + *fraction > x.most - sum)
      return wrong(text, x.too_large);
    sum += next->whole * found->factor + *fraction;
  }
  return sum;
}

template <size_t N>
std::string shortest(const std::array<unit, N>& units, uint64_t amount) {
  for (const auto& x : units)
    if (amount != 0 && amount % x.factor == 0)
      return std::to_string(amount / x.factor).append(x.name);
  return std::to_string(amount);
}

} // namespace

result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  using std::chrono::nanoseconds;
  constexpr auto longest = static_cast<uint64_t>(std::numeric_limits<nanoseconds::rep>::max());
  constexpr number_grammar durations{
      duration_units, longest, "a duration", "is too long; the longest duration is 106751d", duration_hint, true};
  if (text == "never" || (!text.empty() && text.find_first_not_of('0') == std::string_view::npos))
    return nanoseconds{0};
  if (text.empty())
    return wrong(text, std::string{"is not a duration; "} + duration_hint);
  auto sum = sum_of_parts(text, durations);
  if (!sum)
    return sum.error();
  return nanoseconds{static_cast<nanoseconds::rep>(*sum)};
}

std::string to_text(std::chrono::nanoseconds x) {
  if (x.count() >= 0)
    return shortest(duration_units, static_cast<uint64_t>(x.count()));
  // negated as unsigned, so that the smallest one has no overflow either
  return "-" + shortest(duration_units, 0 - static_cast<uint64_t>(x.count()));
}

result<uint64_t> parse_size(std::string_view text) {
  constexpr number_grammar sizes{size_units, std::numeric_limits<uint64_t>::max(), "a size", "is too large", size_hint,
                                 false};
  if (text.find_first_not_of("0123456789") == std::string_view::npos && !text.empty())
    return parse_count(text); // bytes need no unit
  if (text.empty())
    return wrong(text, std::string{"is not a size; "} + size_hint);
  return sum_of_parts(text, sizes);
}

std::string size_text(uint64_t bytes) {
  return shortest(size_units, bytes);
}

result<uint64_t> parse_count(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument || end != text.data() + text.size())
    return wrong(text, "is not a whole number");
  if (error == std::errc::result_out_of_range)
    return wrong(text, "is too large");
  return number;
}

} // namespace cafbus
