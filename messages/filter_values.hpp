#pragma once
#include "messages/event_filter.hpp"
#include "messages/json_fields.hpp"
#include "messages/json_grammar.hpp"

#include <charconv>

namespace cafbus::json {

/// A number as its integer if it has no fraction and fits 64 bits. It is read without simdjson, whose 3.0 takes some
/// numbers of more than 19 digits for others.
/// @param token Begins with the number; it has been checked to be one.
/// @returns nothing if no double holds it.
inline std::optional<filter_scalar> to_number(std::string_view token) {
  const auto text = token.substr(0, token.find_first_not_of("+-.0123456789Ee"));
  const auto* end = text.data() + text.size();
  const auto reads = [&](auto& to) {
    const auto [rest, error] = std::from_chars(text.data(), end, to);
    return error == std::errc{} && rest == end;
  };
  int64_t integer = 0;
  if (reads(integer))
    return filter_scalar{integer};
  uint64_t large = 0;
  if (reads(large))
    return filter_scalar{large};
  double real = 0;
  if (reads(real))
    return filter_scalar{real};
  return std::nullopt;
}

/// @param from A value or a document that is a number.
std::optional<filter_scalar> number_of(auto& from) {
  std::string_view token;
  if constexpr (requires { from.raw_json_token().get(token); }) {
    if (from.raw_json_token().get(token))
      return std::nullopt;
  } else {
    token = from.raw_json_token();
  }
  return to_number(token);
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
    return number_of(from);
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
