#pragma once
#include "messages/event_filter.hpp"
#include "messages/json_fields.hpp"
#include "messages/json_grammar.hpp"

namespace cafbus::json {

/// A number as its integer if it has no fraction and fits 64 bits.
/// @param from A value or a document.
/// @returns nothing if no double holds it.
std::optional<filter_scalar> to_number(auto& from) {
  ondemand::number number;
  if (from.get_number().get(number)) {
    double real = 0; // it may be an integer that is too large
    if (from.get_double().get(real))
      return std::nullopt;
    return filter_scalar{real};
  }
  switch (number.get_number_type()) {
  case ondemand::number_type::signed_integer:
    return filter_scalar{number.get_int64()};
  case ondemand::number_type::unsigned_integer:
    return filter_scalar{number.get_uint64()};
  default:
    return filter_scalar{number.get_double()};
  }
}

/// @param from A value or a document.
/// @returns nothing for an object, a list, and what cannot be held.
std::optional<filter_scalar> to_scalar(auto& from) {
  ondemand::json_type type;
  if (from.type().get(type))
    return std::nullopt;
  bool truth = false;
  std::string_view text;
  switch (type) {
  case ondemand::json_type::null:
    return filter_scalar{};
  case ondemand::json_type::boolean:
    if (from.get_bool().get(truth))
      return std::nullopt;
    return filter_scalar{truth};
  case ondemand::json_type::number:
    return to_number(from);
  case ondemand::json_type::string:
    if (from.get_string().get(text))
      return std::nullopt;
    return filter_scalar{std::string{text}};
  default:
    return std::nullopt;
  }
}

/// @param from A value or a document.
filter_value to_filter_value(auto& from) {
  ondemand::array items;
  if (from.get_array().get(items)) {
    auto scalar = to_scalar(from);
    return scalar ? filter_value{std::move(*scalar)} : filter_value{unusable_value{}};
  }
  std::vector<filter_scalar> list;
  for (auto item : items) {
    ondemand::value value;
    if (item.get(value))
      return unusable_value{};
    auto scalar = to_scalar(value);
    if (!scalar)
      return unusable_value{};
    list.push_back(std::move(*scalar));
  }
  return list;
}

} // namespace cafbus::json
