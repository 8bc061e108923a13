#include "messages/event_filter.hpp"

#include "config/defaults.hpp"
#include "messages/filter_values.hpp"

#include <algorithm>

namespace cafbus {

namespace {

/// So much of a text that somebody else has written stands in a message.
constexpr size_t shown_bytes = 40;

failure bad_filter(std::string what) {
  return {failure_kind::invalid, std::move(what)};
}

std::string shown(std::string_view text) {
  auto cut = text.substr(0, shown_bytes);
  while (cut.size() < text.size() && !cut.empty() && (static_cast<unsigned char>(text[cut.size()]) & 0xc0) == 0x80)
    cut.remove_suffix(1); // no half characters
  return '\'' + std::string{cut} + (cut.size() < text.size() ? "...'" : "'");
}

size_t size_of(const filter_scalar& x) {
  const auto* text = std::get_if<std::string>(&x);
  return text ? text->size() : 0;
}

bool has_order(const filter_scalar& x) {
  return !std::holds_alternative<std::monostate>(x) && !std::holds_alternative<bool>(x);
}

result<void> check_size(const filter_scalar& x) {
  if (size_of(x) > defaults::max_filter_value_bytes)
    return bad_filter("a value has " + std::to_string(size_of(x)) + " bytes, at most " +
                      std::to_string(defaults::max_filter_value_bytes) + " are possible");
  return {};
}

result<void> check_list(const filter_value& value) {
  const auto* list = std::get_if<std::vector<filter_scalar>>(&value);
  if (!list || list->empty())
    return bad_filter("'in' takes a list of strings, numbers, true, false or null, with at least one of them");
  if (list->size() > defaults::max_filter_choices)
    return bad_filter("'in' has " + std::to_string(list->size()) + " values, at most " +
                      std::to_string(defaults::max_filter_choices) +
                      " are possible; split them over several consumers, or use a program (cafbus consume --jq)");
  for (const auto& x : *list)
    if (auto checked = check_size(x); !checked)
      return checked;
  return {};
}

result<void> check_value(filter_op op, const std::optional<filter_value>& value) {
  const auto word = '\'' + std::string{to_string(op)} + '\'';
  if (op == filter_op::exists)
    return value ? result<void>{bad_filter("'exists' takes no value")} : result<void>{};
  if (!value)
    return bad_filter(word + " has no value to compare with");
  if (op == filter_op::in)
    return check_list(*value);
  const auto* scalar = std::get_if<filter_scalar>(&*value);
  if (!scalar)
    return bad_filter(word + " compares with a string, a number, true, false or null, and this is none" +
                      (std::holds_alternative<unusable_value>(*value) ? "" : "; a list goes with 'in'"));
  if ((op == filter_op::less || op == filter_op::greater) && !has_order(*scalar))
    return bad_filter(word + " compares with a number or a string; true, false and null have no order");
  return check_size(*scalar);
}

result<void> check_condition(const filter_condition& x) {
  if (auto names = split_pointer(x.pointer); !names)
    return names.error();
  const auto op = from_word<filter_op>(x.op);
  if (op == filter_op::unknown)
    return bad_filter("the operator " + shown(x.op) + " is unknown; known are == != < > in exists");
  return check_value(op, x.value);
}

} // namespace

result<std::vector<std::string>> split_pointer(std::string_view pointer) {
  std::vector<std::string> names;
  const auto refuse = [&](const std::string& why) { return bad_filter("the pointer " + shown(pointer) + ' ' + why); };
  if (pointer.size() > defaults::max_filter_pointer_bytes)
    return refuse("has " + std::to_string(pointer.size()) + " bytes, at most " +
                  std::to_string(defaults::max_filter_pointer_bytes) + " are possible");
  if (!pointer.empty() && pointer[0] != '/')
    return refuse("does not begin with '/', as in /issue/title");
  for (size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      names.emplace_back();
      continue;
    }
    if (pointer[i] != '~') {
      names.back() += pointer[i];
      continue;
    }
    const auto next = i + 1 < pointer.size() ? pointer[i + 1] : '\0';
    if (next != '0' && next != '1')
      return refuse("has a '~' without 0 or 1 behind it: write ~0 for '~', and ~1 for '/'");
    names.back() += next == '0' ? '~' : '/';
    ++i;
  }
  if (names.size() > defaults::max_filter_depth)
    return refuse("has " + std::to_string(names.size()) + " names, at most " +
                  std::to_string(defaults::max_filter_depth) + " are possible");
  return names;
}

result<void> check_filter(const event_filter& filter) {
  if (filter.size() > defaults::max_filter_conditions)
    return bad_filter("the filter has " + std::to_string(filter.size()) + " conditions, at most " +
                      std::to_string(defaults::max_filter_conditions) +
                      " are possible; 'in' takes several values at once");
  for (size_t i = 0; i < filter.size(); ++i)
    if (auto checked = check_condition(filter[i]); !checked)
      return bad_filter("condition " + std::to_string(i + 1) + " of the filter: " + checked.error().text);
  return {};
}

result<void> check_filter_error_policy(std::string_view word, const event_filter& filter) {
  if (!word.empty() && from_word<filter_error_policy>(word) == filter_error_policy::unknown)
    return bad_filter("on_filter_error " + shown(word) + " is unknown; known are skip, pass and fail");
  if (!word.empty() && filter.empty())
    return bad_filter("on_filter_error requires a filter");
  return {};
}

std::optional<filter_value> read_filter_value(std::string_view json) {
  const simdjson::padded_string padded{json};
  json::ondemand::parser parser;
  json::ondemand::document doc;
  if (!is_json(json, defaults::max_json_depth) || parser.iterate(padded).get(doc))
    return std::nullopt;
  return json::to_filter_value(doc);
}

} // namespace cafbus
