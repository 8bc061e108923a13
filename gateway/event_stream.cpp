#include "gateway/event_stream.hpp"

#include "base/utf8.hpp"
#include "gateway/limits.hpp"
#include "messages/json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace cafbus::http {

namespace {

bool read_number(std::string_view text, uint64_t& value, int base) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string gap_text(std::optional<uint64_t> missed, std::string_view reason) {
  return "event: gap\ndata: {\"missed\":" + (missed ? std::to_string(*missed) : "null") + ",\"reason\":\"" +
         std::string{reason} + "\"}\n\n";
}

stream_item_ptr make(stream_item::kind what, std::optional<uint64_t> missed, std::string text) {
  return std::make_shared<const stream_item>(stream_item{what, missed, std::move(text)});
}

} // namespace

std::string to_string(const cursor& x) {
  std::array<char, 16> room{};
  auto [end, error] = std::to_chars(room.data(), room.data() + room.size(), x.connection, 16);
  return std::string{room.data(), end} + '-' + std::to_string(x.seq);
}

std::optional<cursor> parse_cursor(std::string_view text) {
  cursor x;
  auto dash = text.find('-');
  if (dash == std::string_view::npos || !read_number(text.substr(0, dash), x.connection, 16) ||
      !read_number(text.substr(dash + 1), x.seq, 10))
    return std::nullopt;
  return x;
}

stream_item_ptr event_item(const cursor& id, std::string_view line) {
  auto text = "id: " + to_string(id) + "\ndata: ";
  auto first = text.size();
  text.reserve(first + line.size() + 2);
  text += line;
  std::replace(text.begin() + static_cast<ptrdiff_t>(first), text.end(), '\r', ' ');
  text += "\n\n";
  return make(stream_item::kind::event, std::nullopt, std::move(text));
}

stream_item_ptr gap_item(std::optional<uint64_t> missed, std::string_view reason) {
  return make(stream_item::kind::gap, missed, gap_text(missed, reason));
}

stream_item_ptr state_item(std::string_view state, std::string_view reason) {
  auto text = "event: state\ndata: {\"state\":\"" + std::string{state} + '"';
  if (!reason.empty()) {
    text += ",\"reason\":";
    append_quoted(text, is_utf8(reason) ? reason : "it cannot be shown: it is not UTF-8");
  }
  return make(stream_item::kind::notice, std::nullopt, text + "}\n\n");
}

stream_item_ptr comment_item() {
  return make(stream_item::kind::notice, std::nullopt, ":\n\n");
}

/// Credit grows with the time, up to a tenth of a second's, so that a burst does not take the room of all that follows.
bool stream_queue::is_left_out(time_point now) {
  if (per_second_ == 0)
    return false;
  auto seconds = std::chrono::duration<double>(now - counted_at_).count();
  counted_at_ = now;
  credit_ = std::clamp(credit_ + seconds * per_second_, 0.0, std::max(1.0, per_second_ / 10.0));
  if (credit_ < 1)
    return true;
  credit_ -= 1;
  return false;
}

size_t stream_queue::drop_oldest() {
  auto x = std::move(items_.front());
  items_.pop_front();
  bytes_ -= x->text.size();
  if (x->what == stream_item::kind::gap) {
    lost_ += x->missed.value_or(0);
    lost_unknown_ |= !x->missed;
  }
  auto dropped = size_t{x->what == stream_item::kind::event};
  lost_ += dropped;
  return dropped;
}

size_t stream_queue::push(stream_item_ptr x, time_point now) {
  if (x->what == stream_item::kind::event && is_left_out(now)) {
    ++left_out_;
    return 0;
  }
  bytes_ += x->text.size();
  items_.push_back(std::move(x));
  size_t dropped = 0;
  while (items_.size() > 1 && (items_.size() > limits::stream_events || bytes_ > limits::stream_bytes))
    dropped += drop_oldest();
  return dropped;
}

std::string stream_queue::take(size_t max_bytes) {
  std::string text;
  if (has_lost())
    text = gap_text(lost_unknown_ ? std::nullopt : std::optional{lost_}, "too_slow");
  lost_ = 0;
  lost_unknown_ = false;
  while (!items_.empty() && (text.empty() || text.size() + items_.front()->text.size() <= max_bytes)) {
    text += items_.front()->text;
    bytes_ -= items_.front()->text.size();
    items_.pop_front();
  }
  if (!text.empty() && left_out_ != 0) {
    text += "event: sampled\ndata: {\"left_out\":" + std::to_string(left_out_) + "}\n\n";
    left_out_ = 0;
  }
  return text;
}

} // namespace cafbus::http
