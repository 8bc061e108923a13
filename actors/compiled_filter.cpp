#include "actors/compiled_filter.hpp"

#include "messages/event_batch.hpp"
#include "messages/filter_values.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

// A payload is indexed once (simdjson's first stage), for all filters. Each condition then walks from the root to its
// member and looks at nothing beside the way: a payload is valid JSON, since the bus has checked it when it came in.

namespace cafbus {

namespace {

using json::ondemand::json_type;
using json::ondemand::value;
using condition = compiled_filter::condition;
using step = compiled_filter::step;

/// An index of a list as RFC 6901 has it.
std::optional<size_t> to_index(std::string_view name) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc{} || end != name.data() + name.size() || (name[0] == '0' && name.size() > 1))
    return std::nullopt;
  return index;
}

bool is_plain(std::string_view name) {
  return std::ranges::none_of(name,
                              [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
}

/// @param raw Behind its opening quote.
bool has_escapes(const char* raw) {
  while (*raw != '"' && *raw != '\\')
    ++raw;
  return *raw == '\\';
}

bool is_named(json::ondemand::field& field, const step& x) {
  const auto* raw = field.key().raw();
  const auto size = x.name.size();
  if (x.is_plain && std::strncmp(raw, x.name.data(), size) == 0 && raw[size] == '"')
    return true;
  std::string_view key;
  return has_escapes(raw) && !field.unescaped_key().get(key) && key == x.name;
}

bool go_to_member(value& at, const step& x) {
  json::ondemand::object object;
  if (at.get_object().get(object))
    return false;
  for (auto entry : object) {
    json::ondemand::field field;
    if (std::move(entry).get(field))
      return false;
    if (is_named(field, x)) {
      at = field.value();
      return true;
    }
  }
  return false;
}

bool go_to_item(value& at, const step& x) {
  json::ondemand::array array;
  if (!x.index || at.get_array().get(array))
    return false;
  size_t i = 0;
  for (auto item : array)
    if (i++ == *x.index)
      return !item.get(at);
  return false;
}

/// @returns whether it is there.
bool go_to(value& at, const step& x) {
  json_type type;
  if (at.type().get(type))
    return false;
  if (type == json_type::object)
    return go_to_member(at, x);
  return type == json_type::array && go_to_item(at, x);
}

bool is_number(const filter_scalar& x) {
  return std::holds_alternative<int64_t>(x) || std::holds_alternative<uint64_t>(x) || std::holds_alternative<double>(x);
}

double to_real(const filter_scalar& x) {
  if (const auto* i = std::get_if<int64_t>(&x))
    return static_cast<double>(*i);
  if (const auto* u = std::get_if<uint64_t>(&x))
    return static_cast<double>(*u);
  return std::get<double>(x);
}

/// @pre is_number() of both. An integer is a `uint64_t` only if it is larger than any `int64_t`.
int compare_numbers(const filter_scalar& x, const filter_scalar& y) {
  const auto sign = [](const auto& a, const auto& b) { return a < b ? -1 : a > b ? 1 : 0; };
  if (std::holds_alternative<double>(x) || std::holds_alternative<double>(y))
    return sign(to_real(x), to_real(y));
  if (x.index() != y.index())
    return std::holds_alternative<uint64_t>(x) ? 1 : -1;
  if (const auto* i = std::get_if<int64_t>(&x))
    return sign(*i, std::get<int64_t>(y));
  return sign(std::get<uint64_t>(x), std::get<uint64_t>(y));
}

verdict to_verdict(bool x) {
  return x ? verdict::yes : verdict::no;
}

/// @param less_or_more How the member compares with a value of its kind, by its sign; must not be called with others.
template <class IsOfKind, class Compare>
verdict apply(const condition& x, IsOfKind is_of_kind, Compare less_or_more) {
  const auto is_equal = [&](const filter_scalar& y) { return is_of_kind(y) && less_or_more(y) == 0; };
  const auto& first = x.values.front();
  switch (x.op) {
  case filter_op::equal:
    return to_verdict(is_equal(first));
  case filter_op::not_equal:
    return to_verdict(!is_equal(first));
  case filter_op::less:
    return is_of_kind(first) ? to_verdict(less_or_more(first) < 0) : verdict::unknown;
  case filter_op::greater:
    return is_of_kind(first) ? to_verdict(less_or_more(first) > 0) : verdict::unknown;
  default:
    return to_verdict(std::ranges::any_of(x.values, is_equal));
  }
}

/// Of a kind that has no order, and of which `same` is equal.
template <class IsSame>
verdict apply_without_order(const condition& x, IsSame is_same) {
  if (x.op == filter_op::less || x.op == filter_op::greater)
    return verdict::unknown;
  return apply(x, is_same, [](const filter_scalar&) { return 0; });
}

/// @param member A value or a document.
verdict judge_member(const condition& x, auto& member) {
  if (x.op == filter_op::exists)
    return verdict::yes;
  json_type type;
  if (member.type().get(type))
    return verdict::unknown;
  if (type == json_type::string) {
    std::string_view text;
    if (member.get_string().get(text))
      return verdict::unknown;
    return apply(
        x, [](const filter_scalar& y) { return std::holds_alternative<std::string>(y); },
        [text](const filter_scalar& y) { return text.compare(std::get<std::string>(y)); });
  }
  if (type == json_type::number) {
    const auto number = json::number_of(member);
    if (!number)
      return verdict::unknown;
    return apply(x, is_number, [&](const filter_scalar& y) { return compare_numbers(*number, y); });
  }
  if (type == json_type::boolean) {
    bool truth = false;
    if (member.get_bool().get(truth))
      return verdict::unknown;
    return apply_without_order(x, [truth](const filter_scalar& y) { return y == filter_scalar{truth}; });
  }
  return apply_without_order(x, [type](const filter_scalar& y) {
    return type == json_type::null && std::holds_alternative<std::monostate>(y);
  });
}

verdict judge_missing(const condition& x) {
  return x.op == filter_op::exists ? verdict::no : verdict::unknown;
}

verdict judge_condition(const condition& x, json::ondemand::document& payload) {
  payload.rewind();
  bool is_scalar = true;
  if (payload.is_scalar().get(is_scalar))
    return verdict::unknown;
  if (is_scalar)
    return x.steps.empty() ? judge_member(x, payload) : judge_missing(x);
  value at;
  if (payload.get_value().get(at))
    return verdict::unknown;
  for (const auto& step : x.steps)
    if (!go_to(at, step))
      return judge_missing(x);
  return judge_member(x, at);
}

condition compile(const filter_condition& x) {
  condition result{x.pointer, {}, from_word<filter_op>(x.op), {}};
  if (auto names = split_pointer(x.pointer))
    for (auto& name : *names)
      result.steps.push_back({name, is_plain(name), to_index(name)});
  if (!x.value)
    return result;
  if (const auto* list = std::get_if<std::vector<filter_scalar>>(&*x.value))
    result.values = *list;
  else if (const auto* scalar = std::get_if<filter_scalar>(&*x.value))
    result.values = {*scalar};
  return result;
}

} // namespace

compiled_filter::compiled_filter(const event_filter& filter) {
  for (const auto& x : filter)
    conditions_.push_back(compile(x));
}

struct payload_reader::state {
  json::ondemand::parser parser;
  json::ondemand::document document;
  std::string copy; // of a payload behind which too little may be read
};

verdict compiled_filter::judge(payload_reader& payload) const {
  auto result = verdict::yes;
  for (const auto& x : conditions_) {
    const auto here = judge_condition(x, payload.state_->document);
    if (here == verdict::no)
      return verdict::no;
    if (here == verdict::unknown)
      result = verdict::unknown;
  }
  return result;
}

std::string compiled_filter::why_unknown(payload_reader& payload) const {
  if (judge(payload) != verdict::unknown)
    return {};
  for (auto x : conditions_) {
    if (judge_condition(x, payload.state_->document) != verdict::unknown)
      continue;
    const auto op = std::exchange(x.op, filter_op::exists);
    const auto is_there = judge_condition(x, payload.state_->document) == verdict::yes;
    return (x.pointer.empty() ? "the payload" : "the member " + x.pointer.substr(0, 200)) +
           (is_there ? std::string{" cannot be compared by '"} + to_string(op) + '\'' : " is missing");
  }
  return {};
}

payload_reader::payload_reader() : state_{std::make_unique<state>()} {}
payload_reader::~payload_reader() = default;

bool payload_reader::open(const event_batch& batch, size_t i) {
  auto& [parser, document, copy] = *state_;
  auto text = batch.payload(i);
  const auto end = batch.slots[i].payload_begin + size_t{batch.slots[i].payload_size};
  if (end + simdjson::SIMDJSON_PADDING > batch.bytes.size()) {
    copy.assign(text);
    copy.append(simdjson::SIMDJSON_PADDING, ' ');
    text = {copy.data(), text.size()};
  }
  return parser.iterate(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING).get(document) ==
         simdjson::SUCCESS;
}

} // namespace cafbus
