#include "messages/event_frame.hpp"

#include "messages/json_fields.hpp"

namespace cafbus {

struct event_frame_reader::impl {
  json::ondemand::parser parser;
};

event_frame_reader::event_frame_reader() : impl_{std::make_unique<impl>()} {}
event_frame_reader::~event_frame_reader() = default;
event_frame_reader::event_frame_reader(event_frame_reader&&) noexcept = default;
event_frame_reader& event_frame_reader::operator=(event_frame_reader&&) noexcept = default;

namespace {

/// One field at a time; the last of several with one name counts.
struct event_fields_read {
  event_frame frame;
  bool is_event = false;
  bool good_type = true;
  bool good_id = true;
  bool good_seq = true;

  static bool text(json::ondemand::value& from, std::string_view& to) {
    to = {};
    return json::first_char(from) == 'n' || !from.get_string().get(to);
  }

  void operator()(std::string_view key, json::ondemand::value& value) {
    if (key == "payload") {
      frame.payload = json::raw_text(value);
    } else if (key == "seq") {
      good_seq = !value.get_uint64().get(frame.seq);
    } else if (key == "type") {
      std::string_view type;
      is_event = text(value, type) && type == "event";
    } else if (key == "event_type") {
      good_type = text(value, frame.event_type);
    } else if (key == "event_id") {
      good_id = text(value, frame.event_id);
    }
  }
};

} // namespace

std::optional<event_frame> event_frame_reader::read(std::string_view line) {
  event_fields_read fields;
  if (!json::each_field(impl_->parser, line, fields))
    return std::nullopt;
  if (!fields.is_event || !fields.good_type || !fields.good_id || !fields.good_seq)
    return std::nullopt;
  return fields.frame;
}

} // namespace cafbus
