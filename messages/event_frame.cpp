#include "messages/event_frame.hpp"

#include "messages/json_fields.hpp"

#include <charconv>

namespace cafbus {

struct event_frame_reader::impl {
  json::ondemand::parser parser;
  bool trusts_payloads = false;
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
  bool good_cursor = true;
  bool good_attempt = true;

  static bool text(json::ondemand::value& from, std::string_view& to) {
    to = {};
    return json::first_char(from) == 'n' || !from.get_string().get(to);
  }

  void operator()(std::string_view key, json::ondemand::value& value) {
    if (key == "payload") {
      frame.payload = json::raw_text(value);
    } else if (key == "seq") {
      good_seq = !value.get_uint64().get(frame.seq);
    } else if (key == "attempt") {
      good_attempt = !value.get_uint64().get(frame.attempt);
    } else if (key == "type") {
      std::string_view type;
      is_event = text(value, type) && type == "event";
    } else if (key == "event_type") {
      good_type = text(value, frame.event_type);
    } else if (key == "event_id") {
      good_id = text(value, frame.event_id);
    } else if (key == "cursor") {
      good_cursor = text(value, frame.cursor);
    }
  }
};

/// Takes apart what stands before a payload: flat fields, each name and text without an escape.
class head_reader {
public:
  explicit head_reader(std::string_view line) : rest_{line} {}

  std::string_view rest() const noexcept { return rest_; }

  bool take(std::string_view expected) {
    if (!rest_.starts_with(expected))
      return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  /// A text whose opening quote has been taken.
  bool text(std::string_view& to) {
    to = rest_.substr(0, rest_.find('"'));
    if (to.size() == rest_.size() || to.find('\\') != to.npos)
      return false;
    rest_.remove_prefix(to.size() + 1);
    return true;
  }

  bool number(uint64_t& to) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), to);
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return error == std::errc{};
  }

private:
  std::string_view rest_;
};

/// An event as this bus writes it, without a parser. @returns nothing if it is anything else, or has escapes in a name.
std::optional<event_frame> read_as_written(std::string_view line) {
  event_frame result;
  head_reader head{line};
  if (!head.take(R"({"type":"event","event_type":")") || !head.text(result.event_type) || !line.ends_with('}'))
    return std::nullopt;
  for (std::string_view key, skipped; head.take(R"(,")") && head.text(key) && head.take(":");) {
    if (key == "payload") {
      result.payload = head.rest();
      result.payload.remove_suffix(1);
      return result;
    }
    const auto good = key == "seq"       ? head.number(result.seq)
                      : key == "attempt" ? head.number(result.attempt)
                                         : head.take("\"") && head.text(key == "event_id" ? result.event_id
                                                                        : key == "cursor" ? result.cursor
                                                                                          : skipped);
    if (!good)
      return std::nullopt;
  }
  return std::nullopt;
}

} // namespace

void event_frame_reader::trust_payloads() noexcept {
  impl_->trusts_payloads = true;
}

std::optional<event_frame> event_frame_reader::read(std::string_view line) {
  if (impl_->trusts_payloads)
    if (auto event = read_as_written(line))
      return event;
  event_fields_read fields;
  if (!json::each_field(impl_->parser, line, fields))
    return std::nullopt;
  if (!fields.is_event || !fields.good_type || !fields.good_id || !fields.good_seq || !fields.good_cursor ||
      !fields.good_attempt)
    return std::nullopt;
  return fields.frame;
}

} // namespace cafbus
