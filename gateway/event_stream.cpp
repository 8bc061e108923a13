#include "gateway/event_stream.hpp"

#include "base/utf8.hpp"
#include "gateway/limits.hpp"
#include "messages/json_text.hpp"

#include <algorithm>

namespace cafbus::http {

namespace {

bool fits_a_line(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= ' '; });
}

std::string gap_text(std::optional<uint64_t> missed, std::string_view reason) {
  return "event: gap\ndata: {\"missed\":" + (missed ? std::to_string(*missed) : "null") + ",\"reason\":\"" +
         std::string{reason} + "\"}\n\n";
}

stream_item_ptr make(stream_item::kind what, std::optional<uint64_t> missed, std::string text) {
  return std::make_shared<const stream_item>(stream_item{what, missed, std::move(text)});
}

} // namespace

stream_item_ptr event_item(std::string_view cursor, std::string_view line) {
  std::string text;
  text.reserve(cursor.size() + line.size() + 16);
  if (!cursor.empty() && fits_a_line(cursor))
    text.append("id: ").append(cursor) += '\n';
  text += "data: ";
  auto first = text.size();
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

bool stream_queue::is_half_full() const noexcept {
  return items_.size() >= limits::stream_events / 2 || bytes_ >= limits::stream_bytes / 2;
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
