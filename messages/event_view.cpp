#include "messages/event_view.hpp"

#include "messages/event_cursor.hpp"
#include "messages/json_text.hpp"

#include <algorithm>

// What few subscribers ask for is not taken apart when an event comes in: it is read out of the event's frame, whose
// head the encoder has written as `{"key":"text",...,"seq":`, with no space between.

namespace cafbus {

namespace {

/// Removes a JSON string from the beginning of `rest`. @returns what stands between its quotes; nothing if there is
/// none.
std::string_view next_quoted(std::string_view& rest) {
  if (!rest.starts_with('"'))
    return {};
  size_t end = 1;
  while (end < rest.size() && rest[end] != '"')
    end += rest[end] == '\\' ? 2 : 1;
  const auto result = rest.substr(1, end - 1);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return result;
}

} // namespace

std::string event_view::text(std::string_view key) const {
  auto rest = range_->batch->head(index_);
  while (!rest.empty()) {
    rest.remove_prefix(1); // '{' or ','
    const auto found = next_quoted(rest);
    if (!rest.starts_with(":\""))
      break; // the sequence number
    rest.remove_prefix(1);
    const auto value = next_quoted(rest);
    if (found == key)
      return unescaped(value);
  }
  return {};
}

std::string event_view::cursor() const {
  const auto position = epoch_ == 0 ? 0 : range_->position(index_);
  return position == 0 ? std::string{} : to_text({epoch_, position});
}

std::string event_view::frame() const {
  auto one = *range_;
  one.first = index_;
  one.last = index_ + 1;
  one.seq = seq();
  std::string result;
  append_frames(result, one, epoch_);
  return result;
}

} // namespace cafbus
