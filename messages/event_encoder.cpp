#include "messages/event_encoder.hpp"

#include "base/text.hpp"
#include "config/defaults.hpp"
#include "messages/json_fields.hpp"
#include "messages/json_grammar.hpp"
#include "messages/json_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstdio>
#include <functional>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>

// A line is walked twice. First simdjson's DOM parser validates all of it, since a bad payload that got through would
// break the frame of every consumer. Then an On-Demand pass over the top level finds where the payload lies, which the
// DOM does not remember. What simdjson refuses because it cannot hold the value (1e400, half a surrogate pair) is
// asked again by the grammar alone.
//
// The batch is built in memory that the encoder keeps, and copied out at about its size: a batch may wait long in
// mailboxes, and room reserved in each would cost more than the copy.

namespace cafbus {

namespace {

/// Parsers and buffers larger than this are given back after a batch, so that one long line is not paid for ever:
/// a parser takes up to twenty times the longest line that it has seen.
constexpr size_t kept_bytes = 128 * 1'024;

/// Sizes in steps of an eighth: batches come and go by the thousand, and a heap in which no two are of one size
/// fragments without end.
size_t size_class(size_t size) {
  const auto step = std::max(std::bit_floor(std::max(size, size_t{1})) / 8, size_t{1});
  return (size + step - 1) / step * step;
}

/// Distinct types in a batch up to which they are searched one by one.
constexpr size_t few_types = 8;

/// Whether text is JSON, nested at most so deep. Keeps its parser's memory.
class validator {
public:
  explicit validator(size_t max_depth) : max_depth_{max_depth} {}

  /// @param text Followed by at least 64 readable bytes.
  std::optional<event_error> check(std::string_view text) {
    if (text.size() > parser_.capacity() && !reserve(text.size()))
      return check_grammar(text);
    return parser_.parse(text.data(), text.size(), false).error() ? check_grammar(text) : std::nullopt;
  }

  void trim() {
    if (parser_.capacity() > kept_bytes)
      parser_ = simdjson::dom::parser{};
  }

private:
  bool reserve(size_t size) {
    const auto capacity = std::bit_ceil(std::max(size, size_t{1'024}));
    // simdjson stops a level early, unless that level is empty; what it refuses the grammar is asked about
    return !parser_.allocate(capacity, max_depth_) && !parser_.doc.allocate(capacity);
  }

  std::optional<event_error> check_grammar(std::string_view text) const {
    if (is_json(text, max_depth_))
      return std::nullopt;
    return is_json(text, text.size()) ? event_error::too_deep : event_error::not_json;
  }

  size_t max_depth_;
  simdjson::dom::parser parser_;
};

/// A text field of a line, decoded, or of a program's event.
struct name {
  enum class kind : uint8_t { absent, text, bad };

  kind is = kind::absent;
  std::string_view text; ///< Empty unless it is a text.

  static name from(json::ondemand::value& value) {
    name result;
    if (json::first_char(value) != 'n') // null counts as absent
      result.is = value.get_string().get(result.text) ? kind::bad : kind::text;
    return result;
  }

  static name from(std::string_view text) {
    const auto good = simdjson::validate_utf8(text.data(), text.size());
    return {good ? kind::text : kind::bad, good ? text : std::string_view{}};
  }

  bool good() const { return is != kind::bad; }
  bool fits() const { return text.size() <= defaults::max_name_bytes; }
};

/// What an event is made of; the last of several fields with one key counts.
struct event_parts {
  name type;
  name event_type;
  name event_id;
  name source_time;
  name app_id;
  name tenant_key;
  std::string_view payload;

  void operator()(std::string_view key, json::ondemand::value& value) {
    if (key == "payload")
      payload = json::raw_text(value);
    else if (auto* field = find(key))
      *field = name::from(value);
  }

  name* find(std::string_view key) {
    if (key == "event_type")
      return &event_type;
    if (key == "event_id")
      return &event_id;
    if (key == "type")
      return &type;
    if (key == "source_time")
      return &source_time;
    if (key == "app_id")
      return &app_id;
    if (key == "tenant_key")
      return &tenant_key;
    return nullptr;
  }

  bool is_other_type() const { return !type.good() || (type.is == name::kind::text && type.text != "publish"); }

  std::optional<event_error> fault() const {
    const auto names = {event_type, event_id, source_time, app_id, tenant_key};
    if (!std::all_of(names.begin(), names.end(), std::mem_fn(&name::good)))
      return event_error::bad_name;
    if (event_type.text.empty())
      return event_error::missing_event_type;
    if (!std::all_of(names.begin(), names.end(), std::mem_fn(&name::fits)))
      return event_error::name_too_long;
    if (payload.empty())
      return event_error::missing_payload;
    if (payload.size() > defaults::max_payload_bytes)
      return event_error::payload_too_large;
    return std::nullopt;
  }
};

/// Numbers the distinct types of one batch.
class type_table {
public:
  uint32_t index_of(std::string_view type) {
    if (last_ < types_.size() && types_[last_] == type)
      return last_;
    last_ = find(type);
    if (last_ == types_.size())
      insert(type);
    return last_;
  }

  std::vector<std::string> take() {
    index_.clear();
    return std::exchange(types_, {});
  }

private:
  uint32_t find(std::string_view type) const {
    if (index_.empty())
      return static_cast<uint32_t>(std::find(types_.begin(), types_.end(), type) - types_.begin());
    const auto i = index_.find(std::string{type});
    return i == index_.end() ? static_cast<uint32_t>(types_.size()) : i->second;
  }

  void insert(std::string_view type) {
    types_.emplace_back(type);
    if (index_.empty() && types_.size() > few_types)
      for (uint32_t i = 0; i < types_.size(); ++i)
        index_.emplace(types_[i], i);
    else if (!index_.empty())
      index_.emplace(types_.back(), last_);
  }

  std::vector<std::string> types_;
  std::unordered_map<std::string, uint32_t> index_; // empty while there are few
  uint32_t last_ = 0;
};

} // namespace

std::string to_string(event_error x) {
  static constexpr std::array<const char*, 8> texts{
      "not_json",        "too_deep", "not_an_object", "missing_event_type",
      "missing_payload", "bad_name", "name_too_long", "payload_too_large",
  };
  static_assert(texts.size() == static_cast<size_t>(event_error::payload_too_large) + 1);
  return texts[static_cast<size_t>(x)];
}

struct event_encoder::impl {
  explicit impl(size_t max_depth) : lines{max_depth}, payloads{max_depth - 1} {
    set_clock(std::chrono::system_clock::now());
  }

  void set_clock(std::chrono::system_clock::time_point now) {
    observed = R"(,"observed_at":")" + to_rfc3339(now) + R"(","seq":)";
  }

  outcome reject(event_error why) {
    error = why;
    return outcome::rejected;
  }

  outcome take(const event_parts& parts) {
    if (const auto fault = parts.fault())
      return reject(*fault);
    encode(parts);
    return outcome::added;
  }

  /// @returns the length of the text as it is encoded, without its quotes.
  uint32_t append_optional(std::string_view key, std::string_view text) {
    if (text.empty())
      return 0;
    bytes += key;
    const auto quoted = mark();
    append_quoted(bytes, text);
    return mark() - quoted - 2;
  }

  /// The position of the next byte in `bytes`, as slots hold it.
  uint32_t mark() const {
    assert(bytes.size() <= std::numeric_limits<uint32_t>::max());
    return static_cast<uint32_t>(bytes.size());
  }

  void encode(const event_parts& parts) {
    event_batch::slot slot{};
    slot.begin = mark();
    slot.type = types.index_of(parts.event_type.text);
    bytes += R"({"type":"event","event_type":)";
    append_quoted(bytes, parts.event_type.text);
    slot.id_size = append_optional(R"(,"event_id":)", parts.event_id.text);
    slot.id_begin = slot.id_size == 0 ? slot.begin : mark() - 1 - slot.id_size;
    append_optional(R"(,"source_time":)", parts.source_time.text);
    append_optional(R"(,"app_id":)", parts.app_id.text);
    append_optional(R"(,"tenant_key":)", parts.tenant_key.text);
    bytes += observed;
    slot.head = mark() - slot.begin;
    bytes += R"(,"payload":)";
    slot.payload_begin = mark();
    slot.payload_size = static_cast<uint32_t>(parts.payload.size());
    bytes += parts.payload;
    bytes += "}\n";
    slot.tail = mark() - slot.begin - slot.head;
    slots.push_back(slot);
  }

  /// Copies a payload to where a parser finds room behind it, and checks it there.
  std::optional<event_error> copy_payload(std::string_view text) {
    copy.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    copy.assign(text);
    if (const auto fault = payloads.check(copy))
      return fault;
    std::erase(copy, '\n'); // only white space now: a string that held one would not have passed
    return std::nullopt;
  }

  bool reserve_fields(size_t size) {
    return size <= fields.capacity() || !fields.allocate(std::bit_ceil(std::max(size, size_t{1'024})));
  }

  void trim() {
    lines.trim();
    payloads.trim();
    if (fields.capacity() > kept_bytes)
      fields = json::ondemand::parser{};
    if (bytes.capacity() > 2 * kept_bytes)
      bytes = {};
  }

  event_batch_ptr finish() {
    event_batch_ptr batch;
    if (!slots.empty()) {
      auto fresh = std::make_shared<event_batch>();
      fresh->bytes.reserve(size_class(bytes.size()));
      fresh->bytes = bytes;
      fresh->slots.reserve(size_class(slots.size()));
      fresh->slots = slots;
      fresh->types = types.take();
      batch = std::move(fresh);
    }
    bytes.clear();
    slots.clear();
    trim();
    return batch;
  }

  validator lines;
  validator payloads; // one level less: the frame is one, too
  json::ondemand::parser fields;
  std::string copy;
  std::string bytes;
  std::vector<event_batch::slot> slots;
  type_table types;
  std::string observed; // what stands between the names and the sequence number
  event_error error = event_error::not_json;
};

event_encoder::event_encoder(size_t max_depth) : impl_{std::make_unique<impl>(max_depth)} {}
event_encoder::~event_encoder() = default;
event_encoder::event_encoder(event_encoder&&) noexcept = default;
event_encoder& event_encoder::operator=(event_encoder&&) noexcept = default;

event_encoder::outcome event_encoder::add_line(std::string_view line) {
  auto& self = *impl_;
  if (const auto fault = self.lines.check(line))
    return self.reject(*fault);
  if (line[line.find_first_not_of(white_space)] != '{')
    return self.reject(event_error::not_an_object);
  event_parts parts;
  if (!self.reserve_fields(line.size()) || !json::each_field(self.fields, line, parts))
    return self.reject(event_error::not_json); // out of memory: what is wrong with the line has been found above
  if (parts.is_other_type())
    return outcome::other_type;
  return self.take(parts);
}

event_encoder::outcome event_encoder::add(const event_fields& fields) {
  event_parts parts;
  parts.event_type = name::from(fields.event_type);
  parts.event_id = name::from(fields.event_id);
  parts.source_time = name::from(fields.source_time);
  parts.app_id = name::from(fields.app_id);
  parts.tenant_key = name::from(fields.tenant_key);
  if (!fields.payload.empty()) {
    if (const auto fault = impl_->copy_payload(fields.payload))
      return impl_->reject(*fault);
    parts.payload = trimmed(impl_->copy);
  }
  return impl_->take(parts);
}

event_error event_encoder::error() const noexcept {
  return impl_->error;
}

size_t event_encoder::size() const noexcept {
  return impl_->slots.size();
}

size_t event_encoder::bytes() const noexcept {
  return impl_->bytes.size();
}

void event_encoder::arrived_at(std::chrono::system_clock::time_point now) {
  impl_->set_clock(now);
}

event_batch_ptr event_encoder::finish() {
  return impl_->finish();
}

std::string to_rfc3339(std::chrono::system_clock::time_point now) {
  using namespace std::chrono;
  const auto day = floor<days>(now);
  const year_month_day date{day};
  const hh_mm_ss time{floor<nanoseconds>(now - day)};
  std::array<char, 64> text;
  const auto size =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%09dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                    static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {text.data(), static_cast<size_t>(size)};
}

} // namespace cafbus
