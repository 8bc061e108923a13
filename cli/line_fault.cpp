#include "cli/line_fault.hpp"

#include "config/defaults.hpp"
#include "messages/event_encoder.hpp"

#include <nlohmann/json.hpp>

namespace cafbus {

namespace {

/// The name that is wrong: no string, or too long. If that cannot be told: all that there are.
std::string field_in(std::string_view line, bool too_long) {
  const auto event = nlohmann::json::parse(line, nullptr, false);
  std::string all;
  for (const auto* name : {"event_type", "event_id", "source_time", "app_id", "tenant_key"}) {
    all += (all.empty() ? "" : ", ") + std::string{name};
    const auto found = event.is_object() ? event.find(name) : event.end();
    if (found == event.end() || found->is_null())
      continue;
    if (too_long ? found->is_string() && found->get_ref<const std::string&>().size() > defaults::max_name_bytes
                 : !found->is_string())
      return name;
  }
  return "one of " + all;
}

std::string meaning(event_error x, std::string_view line) {
  switch (x) {
  case event_error::not_json:
    return "it is not exactly one JSON value; --raw publishes text";
  case event_error::too_deep:
    return "its JSON is nested deeper than " + std::to_string(defaults::max_json_depth) + " levels";
  case event_error::not_an_object:
    return R"(it is no event {"event_type":...,"payload":...}; --type makes each line a payload)";
  case event_error::missing_event_type:
    return "event_type is missing or empty; --type names one for all lines";
  case event_error::missing_payload:
    return "payload is missing";
  case event_error::bad_name:
    return field_in(line, false) + " is not a string in valid UTF-8";
  case event_error::name_too_long:
    return field_in(line, true) + " is longer than " + std::to_string(defaults::max_name_bytes) + " bytes";
  case event_error::payload_too_large:
    return "the payload is longer than " + std::to_string(defaults::max_payload_bytes) + " bytes";
  }
  return {};
}

} // namespace

std::string line_fault(const std::string& error, std::string_view line) {
  for (int i = 0; i <= static_cast<int>(event_error::payload_too_large); ++i)
    if (const auto x = static_cast<event_error>(i); to_string(x) == error)
      return error + ": " + meaning(x, line);
  return error;
}

} // namespace cafbus
