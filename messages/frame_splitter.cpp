#include "messages/frame_splitter.hpp"

#include <algorithm>
#include <cstring>

// One contiguous buffer, not a ring: a line must lie in one piece to be parsed where it is. What has been consumed is
// dropped when room is needed; then only the unfinished line behind it is moved, which the bytes that came since have
// paid for. The buffer grows by doubling and is given back after a long line.

namespace cafbus {

namespace {

/// Readable bytes that a parser wants behind a line (simdjson's padding).
constexpr size_t padding = 64;

/// A buffer above this is given back once little is left in it: one read with room to spare.
constexpr size_t kept_buffer_bytes = 256 * 1'024;

} // namespace

frame_splitter::frame_splitter(size_t max_frame_bytes) : max_frame_bytes_{max_frame_bytes} {}

void frame_splitter::append(const char* data, size_t size) {
  if (too_long_ || size == 0)
    return;
  make_room(size);
  std::memcpy(buffer_.data() + end_, data, size);
  end_ += size;
}

std::optional<std::string_view> frame_splitter::next() {
  if (skipping_)
    skip();
  if (too_long_)
    return std::nullopt;
  const auto found = find_newline();
  // Without a newline a line of the limit's length is already too long: its newline would be one byte more.
  if (scanned_ - begin_ > max_frame_bytes_ || (!found && pending() == max_frame_bytes_)) {
    too_long_ = true;
    return std::nullopt;
  }
  if (!found) {
    if (buffer_.size() > kept_buffer_bytes && pending() <= kept_buffer_bytes / 4)
      move_to(pending());
    return std::nullopt;
  }
  const auto first = begin_;
  begin_ = scanned_;
  return without_cr(first, scanned_ - 1);
}

bool frame_splitter::skip_too_long() {
  if (!too_long_)
    return false;
  too_long_ = false;
  // Either its newline is the last byte that has been scanned, or it is still to come.
  skipping_ = buffer_[scanned_ - 1] != '\n';
  begin_ = scanned_;
  return true;
}

std::optional<std::string_view> frame_splitter::rest() {
  if (too_long_ || begin_ == end_)
    return std::nullopt;
  const auto first = begin_;
  begin_ = scanned_ = end_;
  return without_cr(first, end_);
}

bool frame_splitter::find_newline() {
  const auto size = end_ - scanned_;
  const auto* found =
      size == 0 ? nullptr : static_cast<const char*>(std::memchr(buffer_.data() + scanned_, '\n', size));
  scanned_ = found ? static_cast<size_t>(found - buffer_.data()) + 1 : end_;
  return found != nullptr;
}

void frame_splitter::skip() {
  skipping_ = !find_newline();
  begin_ = scanned_;
}

std::string_view frame_splitter::without_cr(size_t first, size_t last) const noexcept {
  if (last != first && buffer_[last - 1] == '\r')
    --last;
  return {buffer_.data() + first, last - first};
}

void frame_splitter::make_room(size_t size) {
  if (begin_ == end_)
    begin_ = scanned_ = end_ = 0;
  if (end_ + size + padding <= buffer_.size())
    return;
  if (pending() + size + padding > buffer_.size()) {
    move_to(std::max(pending() + size, std::min(2 * pending(), max_frame_bytes_)));
    return;
  }
  std::memmove(buffer_.data(), buffer_.data() + begin_, pending());
  scanned_ -= begin_;
  end_ -= begin_;
  begin_ = 0;
}

void frame_splitter::move_to(size_t capacity) {
  std::vector<char> fresh(capacity + padding);
  if (pending() != 0)
    std::memcpy(fresh.data(), buffer_.data() + begin_, pending());
  buffer_.swap(fresh);
  scanned_ -= begin_;
  end_ -= begin_;
  begin_ = 0;
}

} // namespace cafbus
