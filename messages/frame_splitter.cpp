#include "messages/frame_splitter.hpp"

#include <algorithm>
#include <cstring>

// One contiguous buffer, not a ring: a line must lie in one piece to be parsed where it is. What has been consumed is
// dropped when room is needed; then only the unfinished line behind it is moved, which the bytes that came since have
// paid for. The buffer grows by doubling, is never zeroed, and is given back after a long line.
//
// Where the bytes are lent, the buffer holds but the one line that they have cut in two, and every other byte stays
// where the kernel has put it.

namespace cafbus {

namespace {

/// Readable bytes that a parser wants behind a line (simdjson's padding).
constexpr size_t padding = 64;

/// A buffer above this is given back once little is left in it: one read with room to spare.
constexpr size_t kept_buffer_bytes = 256 * 1'024;

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

} // namespace

frame_splitter::frame_splitter(size_t max_frame_bytes) : max_frame_bytes_{max_frame_bytes} {}

void frame_splitter::append(const char* data, size_t size) {
  if (!too_long_)
    hold({data, size});
}

char* frame_splitter::room(size_t size) {
  make_room(size);
  return buffer_.get() + end_;
}

void frame_splitter::filled(size_t size) {
  if (!too_long_)
    end_ += size;
}

void frame_splitter::lend(std::string_view bytes) {
  if (!too_long_)
    lent_ = bytes;
}

size_t frame_splitter::whole_lines() const noexcept {
  if (lent_.empty())
    return 0;
  const auto* last = static_cast<const char*>(::memrchr(lent_.data(), '\n', lent_.size()));
  return last ? held() + static_cast<size_t>(last - lent_.data()) + 1 : 0;
}

void frame_splitter::keep_lent() {
  if (!too_long_)
    hold(lent_);
  lent_ = {};
}

std::optional<std::string_view> frame_splitter::next() {
  for (;;) {
    if (auto line = next_held(); line || too_long_)
      return line;
    if (lent_.empty())
      return std::nullopt;
    if (auto line = next_lent())
      return line;
  }
}

std::optional<std::string_view> frame_splitter::next_held() {
  if (skipping_)
    skip();
  if (too_long_)
    return std::nullopt;
  const auto found = find_newline();
  // Without a newline a line of the limit's length is already too long: its newline would be one byte more.
  if (scanned_ - begin_ > max_frame_bytes_ || (!found && held() == max_frame_bytes_)) {
    too_long_ = true;
    return std::nullopt;
  }
  if (!found) {
    if (capacity_ > kept_buffer_bytes && held() <= kept_buffer_bytes / 4)
      move_to(held());
    return std::nullopt;
  }
  const auto first = begin_;
  begin_ = scanned_;
  return without_cr({buffer_.get() + first, scanned_ - 1 - first});
}

/// A line that begins and ends in what is lent. Any other is taken out of it and held.
std::optional<std::string_view> frame_splitter::next_lent() {
  const auto end = lent_.find('\n');
  const auto size = end == lent_.npos ? lent_.size() : end + 1;
  const auto line = lent_.substr(0, size);
  lent_.remove_prefix(size);
  if (end != line.npos && held() == 0 && !skipping_ && size <= max_frame_bytes_)
    return without_cr(line.substr(0, end));
  hold(line);
  return std::nullopt;
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
  return without_cr({buffer_.get() + first, end_ - first});
}

bool frame_splitter::find_newline() {
  const auto size = end_ - scanned_;
  const auto* found = size == 0 ? nullptr : static_cast<const char*>(std::memchr(buffer_.get() + scanned_, '\n', size));
  scanned_ = found ? static_cast<size_t>(found - buffer_.get()) + 1 : end_;
  return found != nullptr;
}

void frame_splitter::skip() {
  skipping_ = !find_newline();
  begin_ = scanned_;
}

void frame_splitter::hold(std::string_view bytes) {
  if (bytes.empty())
    return;
  make_room(bytes.size());
  std::memcpy(buffer_.get() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

void frame_splitter::make_room(size_t size) {
  if (begin_ == end_)
    begin_ = scanned_ = end_ = 0;
  if (end_ + size + padding <= capacity_)
    return;
  if (held() + size + padding > capacity_) {
    move_to(std::max(held() + size, std::min(2 * held(), max_frame_bytes_)));
    return;
  }
  std::memmove(buffer_.get(), buffer_.get() + begin_, held());
  scanned_ -= begin_;
  end_ -= begin_;
  begin_ = 0;
}

void frame_splitter::move_to(size_t capacity) {
  auto fresh = std::make_unique_for_overwrite<char[]>(capacity + padding);
  if (held() != 0)
    std::memcpy(fresh.get(), buffer_.get() + begin_, held());
  buffer_ = std::move(fresh);
  capacity_ = capacity + padding;
  scanned_ -= begin_;
  end_ -= begin_;
  begin_ = 0;
}

} // namespace cafbus
