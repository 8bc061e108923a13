#include "messages/event_line.hpp"

#include "base/text.hpp"
#include "messages/json_fields.hpp"
#include "messages/json_grammar.hpp"
#include "messages/json_pass.hpp"

#include <algorithm>
#include <bit>

// The parsers are the thread's, not the connection's: a thousand producers must not hold a thousand of them, and each
// line is done with before the next.

namespace cafbus {

namespace {

/// A parser that has grown beyond this is given back.
constexpr size_t kept_decoder_bytes = 128 * 1'024;

json_pass& pass() {
  thread_local json_pass result;
  return result;
}

/// For the rare line in which a name is written with escapes.
json::ondemand::parser& decoder() {
  thread_local json::ondemand::parser result;
  return result;
}

bool reserve(json::ondemand::parser& parser, size_t size) {
  return size <= parser.capacity() || !parser.allocate(std::bit_ceil(std::max(size, size_t{1'024})));
}

event_name name_decoded(json::ondemand::value& value) {
  event_name result;
  if (json::first_char(value) != 'n') // null counts as absent
    result.is = value.get_string().get(result.text) ? event_name::kind::bad : event_name::kind::text;
  return result;
}

/// @param value Without an escape.
event_name name_as_written(std::string_view value) {
  if (value.front() == '"')
    return {event_name::kind::text, true, value.substr(1, value.size() - 2)};
  return {value.front() == 'n' ? event_name::kind::absent : event_name::kind::bad, false, {}};
}

bool is_escaped(std::string_view text) {
  return text.find('\\') != text.npos;
}

/// @returns whether no key and no name has an escape; if not, `to` is of no use.
bool parts_as_written(const json_pass& from, event_parts& to) {
  for (const auto& [key, value] : from.fields()) {
    if (from.has_escapes() && is_escaped(key))
      return false;
    if (is_literal(key, "payload")) {
      to.payload = value;
    } else if (auto* name = to.find(key)) {
      if (from.has_escapes() && is_escaped(value))
        return false;
      *name = name_as_written(value);
    }
  }
  return true;
}

/// The same by simdjson, which decodes.
/// @pre the line is JSON
bool parts_decoded(std::string_view line, event_parts& to) {
  to = {};
  const auto on_field = [&](std::string_view key, json::ondemand::value& value) {
    if (is_literal(key, "payload"))
      to.payload = json::raw_text(value);
    else if (auto* name = to.find(key))
      *name = name_decoded(value);
  };
  return reserve(decoder(), line.size()) && json::each_field(decoder(), line, on_field);
}

} // namespace

event_name event_name::from(std::string_view text) {
  const auto good = simdjson::validate_utf8(text.data(), text.size());
  return {good ? kind::text : kind::bad, false, good ? text : std::string_view{}};
}

bool event_name::fits() const {
  return text.size() <= defaults::max_name_bytes;
}

event_name* event_parts::find(std::string_view key) {
  if (is_literal(key, "event_type"))
    return &event_type;
  if (is_literal(key, "event_id"))
    return &event_id;
  if (is_literal(key, "type"))
    return &type;
  if (is_literal(key, "source_time"))
    return &source_time;
  if (is_literal(key, "app_id"))
    return &app_id;
  if (is_literal(key, "tenant_key"))
    return &tenant_key;
  if (is_literal(key, "observed_at"))
    return &observed_at;
  return nullptr;
}

bool event_parts::is_event_frame() const {
  return is_literal(type.text, "event") && !observed_at.text.empty() && observed_at.fits();
}

bool event_parts::is_other_type() const {
  return !type.good() || (type.is == event_name::kind::text && !is_literal(type.text, "publish"));
}

std::optional<event_error> event_parts::fault() const {
  const auto names = {&event_type, &event_id, &source_time, &app_id, &tenant_key};
  if (!std::all_of(names.begin(), names.end(), [](auto* x) { return x->good(); }))
    return event_error::bad_name;
  if (event_type.text.empty())
    return event_error::missing_event_type;
  if (!std::all_of(names.begin(), names.end(), [](auto* x) { return x->fits(); }))
    return event_error::name_too_long;
  if (payload.empty())
    return event_error::missing_payload;
  if (payload.size() > defaults::max_payload_bytes)
    return event_error::payload_too_large;
  return std::nullopt;
}

std::optional<event_error> check_json(std::string_view text, size_t max_depth) {
  if (pass().matches(text, max_depth) || is_json(text, max_depth))
    return std::nullopt;
  return is_json(text, text.size()) ? event_error::too_deep : event_error::not_json;
}

parsed_event_line read_event_line(std::string_view line, size_t max_depth) {
  parsed_event_line result;
  const auto passed = pass().matches(line, max_depth);
  if (!passed)
    result.error = check_json(line, max_depth);
  if (result.error)
    return result;
  const auto has_fields = passed && !pass().fields().empty();
  if (!has_fields && line[line.find_first_not_of(white_space)] != '{')
    result.error = event_error::not_an_object;
  else if ((!passed || !parts_as_written(pass(), result.parts)) && !parts_decoded(line, result.parts))
    result.error = event_error::not_json; // out of memory: what is wrong with the line has been found above
  return result;
}

void trim_event_line_memory() {
  pass().trim();
  if (decoder().capacity() > kept_decoder_bytes)
    decoder() = json::ondemand::parser{};
}

} // namespace cafbus
