#pragma once
#include <simdjson.h>
#include <string_view>
#include <utility>

namespace cafbus::json {

namespace ondemand = simdjson::ondemand;

/// Calls `on_field(key, value)` for each field of an object; a field whose key cannot be decoded is passed over.
/// Only the structure on the way is checked, never a value that `on_field` does not read.
/// @returns whether the end of the object was reached.
template <class OnField>
bool each_field(simdjson::simdjson_result<ondemand::object> object, OnField&& on_field) {
  if (object.error())
    return false;
  for (auto field : object) {
    if (field.error())
      return false;
    std::string_view key;
    ondemand::value value;
    if (!field.unescaped_key().get(key) && !field.value().get(value))
      on_field(key, value);
  }
  return true;
}

/// The same for a whole line.
/// @param line Followed by at least 64 readable bytes.
/// @returns whether the line is one object and nothing more, as far as structure goes.
template <class OnField>
bool each_field(ondemand::parser& parser, std::string_view line, OnField&& on_field) {
  ondemand::document doc;
  if (parser.iterate(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING).get(doc))
    return false;
  return each_field(doc.get_object(), std::forward<OnField>(on_field)) &&
         doc.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

/// Where a value begins: tells null, strings and the rest apart without reading it.
inline char first_char(ondemand::value& value) {
  return value.raw_json_token().front();
}

/// The bytes of a value as they stand in the line, without the white space around it.
inline std::string_view raw_text(ondemand::value& value) {
  std::string_view text;
  if (simdjson::to_json_string(value).get(text))
    return {};
  return text;
}

} // namespace cafbus::json
