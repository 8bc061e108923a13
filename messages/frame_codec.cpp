#include "messages/frame_codec.hpp"

#include "messages/filter_values.hpp"
#include "messages/frame_layout.hpp"
#include "messages/json_fields.hpp"
#include "messages/json_grammar.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>

// Frames are read with simdjson On-Demand, which touches only the fields that it is asked for: nothing in an unknown
// field or in a payload is built, so neither its nesting nor its numbers can cost or break anything. They are written
// with nlohmann's ordered_json, since it replaces what is not UTF-8. Control frames are rare; neither is tuned, but for
// the answer to a publish.

namespace cafbus {

namespace {

// -- reading ------------------------------------------------------------------------------------------------------

using json::ondemand::value;

bool read(value& from, std::string& to) {
  std::string_view text;
  if (from.get_string().get(text))
    return false;
  to = text;
  return true;
}

bool read(value& from, bool& to) {
  return !from.get_bool().get(to);
}
bool read(value& from, int64_t& to) {
  return !from.get_int64().get(to);
}
bool read(value& from, uint64_t& to) {
  return !from.get_uint64().get(to);
}
bool read(value& from, uint32_t& to) {
  uint64_t number = 0;
  if (!read(from, number) || number > std::numeric_limits<uint32_t>::max())
    return false;
  to = static_cast<uint32_t>(number);
  return true;
}

/// Milliseconds; any that fit.
bool read(value& from, std::chrono::nanoseconds& to) {
  constexpr auto most = std::chrono::floor<std::chrono::milliseconds>(std::chrono::nanoseconds::max()).count();
  int64_t ms = 0;
  if (!read(from, ms) || ms < 0 || ms > most)
    return false;
  to = std::chrono::milliseconds{ms};
  return true;
}

template <spelled E>
bool read(value& from, E& to) {
  std::string_view word;
  if (from.get_string().get(word))
    return false;
  to = from_word<E>(word);
  return true;
}

bool read(value& from, filter_value& to) {
  to = json::to_filter_value(from);
  return true;
}

bool read(value& from, std::map<std::string, std::string>& to) {
  to.clear();
  bool good = true;
  return json::each_field(from.get_object(),
                          [&](std::string_view key, value& x) { good = good && read(x, to[std::string{key}]); }) &&
         good;
}

template <class T>
bool read_object(simdjson::simdjson_result<json::ondemand::object> from, T& to);

template <class T>
bool read(value& from, T& to) {
  return read_object(from.get_object(), to);
}

template <class T>
bool read(value& from, std::vector<T>& to) {
  to.clear();
  json::ondemand::array items;
  if (from.get_array().get(items))
    return false;
  for (auto item : items) {
    value x;
    if (item.get(x) || !read(x, to.emplace_back()))
      return false;
  }
  return true;
}

template <class T>
bool read(value& from, std::optional<T>& to) {
  return read(from, to.emplace());
}

/// Takes the value of one key into whichever field has that name, if any.
struct field_reader {
  std::string_view key;
  value& from;
  bool good = true;

  void operator()(std::string_view name, auto& to) {
    if (key == name)
      good = read(from, to);
  }
  void maybe(std::string_view name, auto& to) { (*this)(name, to); }
};

/// Whether null is a value of this field; in all others it counts as absent: Go writes an empty list so.
template <class T>
bool may_be_null(std::string_view key) {
  if constexpr (requires { layout<T>::may_be_null; })
    return key == layout<T>::may_be_null;
  else
    return false;
}

template <class T>
bool read_object(simdjson::simdjson_result<json::ondemand::object> from, T& to) {
  bool good = true;
  const auto read_field = [&](std::string_view key, value& x) {
    if (json::first_char(x) == 'n' && !may_be_null<T>(key))
      return;
    field_reader reader{key, x};
    layout<T>::visit(reader, to);
    good = good && reader.good;
  };
  return json::each_field(from, read_field) && good;
}

using decoded = std::variant<frame, codec_error>;

template <class T>
bool read_as(std::string_view type, json::ondemand::document& doc, decoded& result) {
  if (type != layout<T>::type)
    return false;
  T x;
  if (read_object(doc.get_object(), x))
    result = frame{std::move(x)};
  else
    result = codec_error::bad_field;
  return true;
}

template <class... Ts>
decoded read_frame(std::string_view type, json::ondemand::document& doc) {
  decoded result = frame{unknown_line{std::string{type}}};
  (read_as<Ts>(type, doc, result) || ...);
  return result;
}

/// The type of a frame; of several the last. Nothing if there is none before the structure breaks, or it is no string.
std::optional<std::string> type_of(json::ondemand::parser& parser, std::string_view line) {
  std::optional<std::string> type;
  json::each_field(parser, line, [&](std::string_view key, value& x) {
    if (key != "type")
      return;
    type.emplace();
    if (!read(x, *type))
      type.reset();
  });
  return type;
}

// -- writing ------------------------------------------------------------------------------------------------------

using json_value = nlohmann::ordered_json;

template <class T>
json_value written(const T& x);
template <class T>
json_value written(const std::vector<T>& xs);
template <class T>
json_value written(const std::optional<T>& x);
json_value written(std::chrono::nanoseconds x);
json_value written(const filter_value& x);

struct field_writer {
  json_value object = json_value::object();

  template <class T>
  void operator()(const char* name, const T& x) {
    object[name] = written(x);
  }
  template <class T>
  void maybe(const char* name, const T& x) {
    if (x != T{})
      (*this)(name, x);
  }
};

template <class T>
json_value written(const std::vector<T>& xs) {
  auto result = json_value::array();
  for (const auto& x : xs)
    result.push_back(written(x));
  return result;
}

template <class T>
json_value written(const std::optional<T>& x) {
  return x ? written(*x) : json_value{};
}

json_value written(std::chrono::nanoseconds x) {
  return std::chrono::floor<std::chrono::milliseconds>(x).count();
}

json_value written_scalar(const filter_scalar& scalar) {
  const auto write = [](const auto& x) -> json_value {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(x)>, std::monostate>)
      return nullptr;
    else
      return x;
  };
  return std::visit(write, scalar);
}

json_value written(const filter_value& x) {
  if (const auto* scalar = std::get_if<filter_scalar>(&x))
    return written_scalar(*scalar);
  auto result = json_value::array();
  if (const auto* list = std::get_if<std::vector<filter_scalar>>(&x))
    for (const auto& item : *list)
      result.push_back(written_scalar(item));
  else
    result.push_back(json_value::array()); // another value of the same sort
  return result;
}

template <class T>
json_value written(const T& x) {
  if constexpr (spelled<T>) {
    return to_string(x);
  } else if constexpr (requires { sizeof(layout<T>); }) {
    field_writer writer;
    layout<T>::visit(writer, x);
    return std::move(writer.object);
  } else {
    return x;
  }
}

template <class T>
std::string write_frame(const T& x) {
  field_writer writer;
  writer("type", std::string{layout<T>::type});
  layout<T>::visit(writer, x);
  return writer.object.dump(-1, ' ', false, json_value::error_handler_t::replace) + '\n';
}

/// Frames of numbers alone, which need no tree: one answers each publish.
struct number_writer {
  std::string text;

  void operator()(std::string_view name, uint64_t x) {
    text.append(",\"").append(name).append("\":");
    std::array<char, 20> digits;
    text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), x).ptr);
  }
  void maybe(std::string_view name, const std::optional<uint64_t>& x) {
    if (x)
      (*this)(name, *x);
  }
};

template <class T>
std::string write_numbers(const T& x) {
  number_writer writer;
  writer.text.reserve(128);
  writer.text.append("{\"type\":\"").append(layout<T>::type).append(1, '"');
  layout<T>::visit(writer, x);
  return std::move(writer.text.append("}\n"));
}

} // namespace

std::variant<frame, codec_error> decode(std::string_view line) {
  const simdjson::padded_string padded{line};
  const std::string_view text{padded.data(), padded.size()}; // JSON takes the line end as white space
  json::ondemand::parser parser;
  const auto type = type_of(parser, text);
  if (type == "publish")
    return frame{publish_line{}};
  if (type == "event")
    return frame{event_line{}};
  if (!is_json(text, text.size()))
    return codec_error::not_json;
  if (text[text.find_first_not_of(" \t\r\n")] != '{')
    return codec_error::not_an_object;
  if (!type)
    return codec_error::missing_type;
  json::ondemand::document doc;
  if (parser.iterate(padded).get(doc))
    return codec_error::not_json; // out of memory: the grammar has been checked above
  return read_frame<hello, hello_ack, subscribe_frame, unsubscribe_frame, subscribed_frame, ack_frame, nack_frame,
                    consumer_stats, bye, pre_shutdown_check, pre_shutdown_ack, status_query, shutdown, reload_request,
                    reload_result, source_status, gap_frame, wait_for_room, publish_ack, error_frame, status_response>(
      *type, doc);
}

std::string encode(const hello& x) {
  return write_frame(x);
}
std::string encode(const hello_ack& x) {
  return write_frame(x);
}
std::string encode(const subscribe_frame& x) {
  return write_frame(x);
}
std::string encode(const unsubscribe_frame& x) {
  return write_frame(x);
}
std::string encode(const subscribed_frame& x) {
  return write_frame(x);
}
std::string encode(const ack_frame& x) {
  return write_frame(x);
}
std::string encode(const nack_frame& x) {
  return write_frame(x);
}
std::string encode(const consumer_stats& x) {
  return write_frame(x);
}
std::string encode(const bye& x) {
  return write_frame(x);
}
std::string encode(const pre_shutdown_check& x) {
  return write_frame(x);
}
std::string encode(const pre_shutdown_ack& x) {
  return write_frame(x);
}
std::string encode(const status_query& x) {
  return write_frame(x);
}
std::string encode(const shutdown& x) {
  return write_frame(x);
}
std::string encode(const reload_request& x) {
  return write_frame(x);
}
std::string encode(const reload_result& x) {
  return write_frame(x);
}
std::string encode(const source_status& x) {
  return write_frame(x);
}
std::string encode(const gap_frame& x) {
  return write_frame(x);
}
std::string encode(const wait_for_room& x) {
  return write_frame(x);
}
std::string encode(const publish_ack& x) {
  return write_numbers(x);
}
std::string encode(const error_frame& x) {
  return write_frame(x);
}
std::string encode(const status_response& x) {
  return write_frame(x);
}

} // namespace cafbus
