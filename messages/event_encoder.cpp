#include "messages/event_encoder.hpp"

#include "base/text.hpp"
#include "config/defaults.hpp"
#include "messages/event_line.hpp"
#include "messages/json_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstdio>
#include <cstring>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>

// A batch is built where it will stay: its bytes are allocated once, at about the size that they will have by the
// batches before, and copied only if that was wrong by much. A batch may wait long in mailboxes, and room reserved in
// each would cost more than the copy.

namespace cafbus {

namespace {

/// Sizes in steps of an eighth: batches come and go by the thousand, and a heap in which no two are of one size
/// fragments without end.
size_t size_class(size_t size) {
  const auto step = std::max(std::bit_floor(std::max(size, size_t{1})) / 8, size_t{1});
  return (size + step - 1) / step * step;
}

/// Bytes that `check_json` and `read_event_line` may read behind their text.
constexpr size_t readable_behind_line = 64;

/// A buffer that a batch has been copied out of is kept up to this size.
constexpr size_t kept_batch_bytes = 256 * 1'024;

/// Distinct types in a batch up to which they are searched one by one.
constexpr size_t few_types = 8;

// Pieces of a frame.
constexpr char before_type[] = R"({"type":"event","event_type":")";
constexpr char before_id[] = R"(","event_id":")";
constexpr char before_seq[] = R"(","seq":)";
constexpr char before_payload[] = R"(,"payload":)";

/// A name as it stands between its quotes; a view that is valid until the next call with this place on this thread.
/// @param place 0 to 5, one for each name of an event.
std::string_view encoded(const event_name& x, size_t place) {
  if (x.is_plain || x.text.empty())
    return x.text;
  thread_local std::array<std::string, 6> texts;
  auto& text = texts.at(place);
  text.clear();
  append_quoted(text, x.text);
  return std::string_view{text}.substr(1, text.size() - 2);
}

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
  explicit impl(size_t depth) : max_depth{depth} { set_clock(std::chrono::system_clock::now()); }

  void set_clock(std::chrono::system_clock::time_point now) { observed = to_rfc3339(now); }

  outcome reject(event_error why) {
    error = why;
    return outcome::rejected;
  }

  outcome take(const event_parts& parts, origin from = origin::here) {
    if (const auto fault = parts.fault())
      return reject(*fault);
    encode(parts, from);
    return outcome::added;
  }

  /// The position of the next byte in `bytes`, as slots hold it.
  uint32_t mark() const {
    assert(bytes.size() <= std::numeric_limits<uint32_t>::max());
    return static_cast<uint32_t>(bytes.size());
  }

  void encode(const event_parts& parts, origin from) {
    if (bytes.empty())
      bytes.reserve(size_class(static_cast<size_t>(static_cast<double>(expected) * growth)));
    // an event for which there was no memory may have left a part of it
    bytes.resize(slots.empty() ? 0 : slots.back().begin + slots.back().head + slots.back().tail);
    event_batch::slot slot{};
    slot.type = types.index_of(parts.event_type.text);
    write_head(parts, from, slot);
    slot.payload_begin = mark();
    slot.payload_size = static_cast<uint32_t>(parts.payload.size());
    bytes += parts.payload;
    bytes.append("}\n", 2);
    slot.tail = mark() - slot.begin - slot.head;
    slots.push_back(slot);
  }

  /// All before the payload, in one piece: to append each name by itself cost more than the rest of an event.
  void write_head(const event_parts& parts, origin from, event_batch::slot& slot) {
    const auto type = encoded(parts.event_type, 0);
    const auto id = encoded(parts.event_id, 1);
    const auto source_time = encoded(parts.source_time, 2);
    const auto app_id = encoded(parts.app_id, 3);
    const auto tenant_key = encoded(parts.tenant_key, 4);
    const auto observed_at = from == origin::other_bus ? encoded(parts.observed_at, 5) : std::string_view{observed};
    auto each_name = [&](auto take) { // with what stands before it, which closes the one before
      take(before_type, type);
      take(before_id, id);
      take(R"(","source_time":")", source_time);
      take(R"(","app_id":")", app_id);
      take(R"(","tenant_key":")", tenant_key);
      take(R"(","observed_at":")", observed_at);
    };
    size_t head = sizeof(before_seq) - 1;
    each_name([&](auto& before, auto text) { head += text.empty() ? 0 : sizeof(before) - 1 + text.size(); });

    slot.begin = mark();
    slot.head = static_cast<uint32_t>(head);
    slot.id_size = static_cast<uint32_t>(id.size());
    slot.id_begin = slot.begin;
    if (!id.empty())
      slot.id_begin += static_cast<uint32_t>(sizeof(before_type) - 1 + type.size() + sizeof(before_id) - 1);

    bytes.resize(slot.begin + head + sizeof(before_payload) - 1);
    auto* to = bytes.data() + slot.begin;
    auto put = [&to](const char* text, size_t size) {
      std::memcpy(to, text, size);
      to += size;
    };
    each_name([&](auto& before, auto text) {
      if (text.empty())
        return;
      put(before, sizeof(before) - 1);
      put(text.data(), text.size());
    });
    put(before_seq, sizeof(before_seq) - 1);
    put(before_payload, sizeof(before_payload) - 1);
    assert(to == bytes.data() + bytes.size());
  }

  /// Copies a payload to where a parser finds room behind it, and checks it there.
  std::optional<event_error> copy_payload(std::string_view text) {
    copy.reserve(text.size() + readable_behind_line);
    copy.assign(text);
    if (const auto fault = check_json(copy, max_depth - 1)) // the frame around it is one level
      return fault;
    std::erase(copy, '\n'); // only white space now: a string that held one would not have passed
    return std::nullopt;
  }

  /// The bytes of the batch, without much room to spare.
  std::string take_bytes() {
    if (taken > 0)
      growth = static_cast<double>(bytes.size()) / static_cast<double>(taken);
    if (bytes.capacity() - bytes.size() <= bytes.size() / 8 + 64)
      return std::exchange(bytes, {});
    std::string result;
    result.reserve(size_class(bytes.size()));
    result = bytes;
    if (bytes.capacity() > kept_batch_bytes)
      bytes = std::string{}; // `= {}` would keep the memory
    bytes.clear();
    return result;
  }

  event_batch_ptr finish(std::vector<event_origin> origins) {
    event_batch_ptr batch;
    if (!slots.empty()) {
      auto fresh = std::make_shared<event_batch>();
      fresh->slots.reserve(size_class(slots.size())); // first what there may be no memory for
      fresh->slots = slots;
      fresh->bytes = take_bytes();
      fresh->types = types.take();
      fresh->origins = std::move(origins);
      batch = std::move(fresh);
    }
    bytes.clear();
    slots.clear();
    expected = taken = 0;
    trim_event_line_memory();
    return batch;
  }

  size_t max_depth;
  size_t expected = 0; // bytes of lines that the batch is to be made of
  size_t taken = 0;    // bytes of the lines that it has been made of so far
  double growth = 1;   // bytes of the last batch per byte of its lines
  std::string copy;
  std::string bytes;
  std::vector<event_batch::slot> slots;
  type_table types;
  std::string observed; // RFC 3339: when the lines have come that are added now
  event_error error = event_error::not_json;
};

event_encoder::event_encoder(size_t max_depth) : impl_{std::make_unique<impl>(max_depth)} {}
event_encoder::~event_encoder() = default;
event_encoder::event_encoder(event_encoder&&) noexcept = default;
event_encoder& event_encoder::operator=(event_encoder&&) noexcept = default;

event_encoder::outcome event_encoder::add_line(std::string_view line, origin from) {
  auto& self = *impl_;
  const auto [parts, error] = read_event_line(line, self.max_depth);
  if (error)
    return self.reject(*error);
  if (from == origin::other_bus ? !parts.is_event_frame() : parts.is_other_type())
    return outcome::other_type;
  self.taken += line.size() + 1;
  return self.take(parts, from);
}

event_encoder::outcome event_encoder::add_text(std::string_view line) {
  auto& copy = impl_->copy;
  copy.reserve(line.size() + readable_behind_line);
  copy.assign(line);
  return add_line(copy);
}

event_encoder::outcome event_encoder::add(const event_fields& fields) {
  event_parts parts;
  parts.event_type = event_name::from(fields.event_type);
  parts.event_id = event_name::from(fields.event_id);
  parts.source_time = event_name::from(fields.source_time);
  parts.app_id = event_name::from(fields.app_id);
  parts.tenant_key = event_name::from(fields.tenant_key);
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

void event_encoder::reserve(size_t bytes) {
  impl_->expected = bytes;
}

void event_encoder::arrived_at(std::chrono::system_clock::time_point now) {
  impl_->set_clock(now);
}

event_batch_ptr event_encoder::finish(std::vector<event_origin> origins) {
  return impl_->finish(std::move(origins));
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
