#include "io/client/publish_lines.hpp"

#include "base/text_encoding.hpp"
#include "base/utf8.hpp"
#include "config/defaults.hpp"
#include "messages/json_text.hpp"

#include <utility>

namespace cafbus {

namespace {

constexpr std::string_view blanks = " \t\r\n";

/// The position after the string that begins at `i`.
size_t end_of_string(std::string_view json, size_t i) {
  for (++i; i < json.size() && json[i] != '"'; ++i)
    if (json[i] == '\\')
      ++i;
  return i + 1;
}

/// Whether `"type"` stands anywhere. Looks for the rarest of its letters first: quotes are everywhere.
bool contains_type(std::string_view json) {
  constexpr std::string_view rest = "ype\"";
  for (auto i = json.find(rest, 2); i != json.npos; i = json.find(rest, i + 1))
    if (json[i - 2] == '"' && json[i - 1] == 't')
      return true;
  return false;
}

/// The error's own word, and what the line is instead.
std::string describe(event_error why, std::string_view line) {
  auto what = why == event_error::not_json ? explain_not_json(line) : std::string{};
  return to_string(why) + (what.empty() ? "" : ": " + what);
}

} // namespace

bool has_type_key(std::string_view object) {
  constexpr std::string_view key = "\"type\"";
  if (!contains_type(object))
    return false;
  size_t depth = 0;
  for (size_t i = 0; i < object.size(); ++i) {
    auto c = object[i];
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == '"') {
      auto end = end_of_string(object, i);
      auto next = object.find_first_not_of(blanks, end);
      if (depth == 1 && object.substr(i, end - i) == key && next != std::string_view::npos && object[next] == ':')
        return true;
      i = end - 1;
    }
  }
  return false;
}

publish_lines::publish_lines(std::string event_type, line_content content)
  : event_type_(std::move(event_type)), content_(content) {
  if (event_type_.empty())
    return;
  if (!is_event("null")) {
    type_error_ = to_string(validator_.error());
    return;
  }
  validator_.finish();
  head_ = R"({"type":"publish","event_type":)";
  append_quoted(head_, event_type_);
  head_ += R"(,"payload":)";
}

bool publish_lines::is_event(std::string_view payload) {
  event_fields fields;
  fields.event_type = event_type_;
  fields.payload = payload;
  return validator_.add(fields) == event_encoder::outcome::added;
}

std::string_view publish_lines::to_frame(std::string_view line) {
  error_.clear();
  std::string_view frame;
  if (content_ == line_content::text)
    frame = wrap_text(line);
  else if (line.find_first_not_of(blanks) != std::string_view::npos)
    frame = event_type_.empty() ? wrap_event(line) : wrap_payload(line);
  if (validator_.bytes() > defaults::delivery_bytes)
    validator_.finish(); // only its verdict was wanted
  if (frame.size() + 1 > defaults::max_frame_bytes) {
    error_ = "the frame would be longer than " + std::to_string(defaults::max_frame_bytes) + " bytes";
    return {};
  }
  return frame;
}

std::string_view publish_lines::wrap_event(std::string_view line) {
  switch (validator_.add_line(line)) {
  case event_encoder::outcome::added:
    break;
  case event_encoder::outcome::rejected:
    error_ = describe(validator_.error(), line);
    return {};
  case event_encoder::outcome::other_type:
    error_ = "its \"type\" is not \"publish\"";
    return {};
  }
  if (has_type_key(line))
    return line;
  frame_ = R"({"type":"publish",)"; // an event has fields, so a comma is right
  frame_ += line.substr(line.find('{') + 1);
  return frame_;
}

std::string_view publish_lines::wrap_text(std::string_view line) {
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  if (!is_utf8(line)) {
    error_ = explain_not_json(line);
    return {};
  }
  frame_ = head_;
  append_quoted(frame_, line);
  if (frame_.size() - head_.size() > defaults::max_payload_bytes) {
    error_ = to_string(event_error::payload_too_large);
    return {};
  }
  frame_ += '}';
  return frame_;
}

std::string_view publish_lines::wrap_payload(std::string_view line) {
  if (!is_event(line)) {
    error_ = describe(validator_.error(), line);
    return {};
  }
  frame_ = head_;
  frame_ += line;
  frame_ += '}';
  return frame_;
}

} // namespace cafbus
