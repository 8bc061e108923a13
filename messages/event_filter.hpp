#pragma once
#include "base/result.hpp"
#include "messages/words.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a consumer wants of the payloads of its events, beyond their types: conditions that must all hold.
namespace cafbus {

/// What a condition asks of a member.
enum class filter_op : uint8_t {
  unknown,
  equal,
  not_equal,
  less,
  greater,
  in,     ///< Equal to one of a list.
  exists, ///< It is there, be it null.
};
template <>
struct vocabulary<filter_op> {
  static constexpr std::array words{"unknown", "==", "!=", "<", ">", "in", "exists"};
};
static_assert(spells_all_up_to(filter_op::exists));

/// What becomes of an event that a filter cannot judge: a member is missing, or the two values have no order.
enum class filter_error_policy : uint8_t {
  unknown,
  skip, ///< The consumer does not get it.
  pass, ///< It gets it.
  fail, ///< Its connection is ended.
};
template <>
struct vocabulary<filter_error_policy> {
  static constexpr std::array words{"unknown", "skip", "pass", "fail"};
};
static_assert(spells_all_up_to(filter_error_policy::fail));

/// A JSON value that can be compared with: null, true or false, a number, a string. An integer is an `int64_t` if it
/// fits, else a `uint64_t` if it fits, else a double.
using filter_scalar = std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string>;

/// One that cannot: an object, a list within a list, a number that no double holds, half of a surrogate pair.
struct unusable_value {
  bool operator==(const unusable_value&) const = default;
};

using filter_value = std::variant<filter_scalar, std::vector<filter_scalar>, unusable_value>;

struct filter_condition {
  std::string pointer = {};               ///< JSON pointer (RFC 6901) into the payload; empty: all of it.
  std::string op = {};                    ///< A word of `filter_op`.
  std::optional<filter_value> value = {}; ///< None with `exists`, a list with `in`.
  bool operator==(const filter_condition&) const = default;
};

/// All must hold; none: every event is wanted.
using event_filter = std::vector<filter_condition>;

/// Whether a filter can be used. A failure names the condition, what is wrong with it and what would be right.
result<void> check_filter(const event_filter& filter);

/// The same for the word that says what becomes of an event that it cannot judge; empty: as usual.
result<void> check_filter_error_policy(std::string_view word, const event_filter& filter);

/// The names that a pointer leads along. A failure says what is wrong with it.
result<std::vector<std::string>> split_pointer(std::string_view pointer);

/// A JSON text as a value. @returns nothing if it is no JSON.
std::optional<filter_value> read_filter_value(std::string_view json);

} // namespace cafbus
