#include "io/sockets/session_output.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cafbus {

namespace {

/// So much of what is held goes into CAF's buffer at a time. Only that makes CAF tell us when the kernel takes more,
/// and each slow consumer has a buffer of its own.
constexpr size_t buffered_of_held = 4 * 1'024;

/// Whether a send has not failed for good. @param n What it returned.
bool may_go_on(ssize_t n) {
  return n >= 0 || errno == EAGAIN || errno == EINTR || errno == ENOBUFS;
}

} // namespace

session_output::result session_output::write(std::string_view data) {
  if (pending() == 0) {
    auto n = calls_.send(fd(), data.data(), data.size());
    if (!may_go_on(n))
      return result::broken;
    if (n > 0)
      data.remove_prefix(static_cast<size_t>(n));
    if (data.empty())
      return result::sent;
    last_progress_ = broker_.clock().now();
  }
  if (held_)
    after_ += data;
  else
    buffer(data);
  return result::pending;
}

session_output::result session_output::write(frame_pieces& frames, const std::vector<event_range>& events) {
  size_t sent = 0;
  if (pending() == 0) {
    auto n = calls_.send(fd(), frames.pieces());
    if (!may_go_on(n))
      return result::broken;
    if (n > 0)
      sent = static_cast<size_t>(n);
    if (sent == frames.bytes())
      return result::sent;
    last_progress_ = broker_.clock().now();
  }
  held_ = held_frames{std::move(frames), events, sent};
  if (buffered_ == 0)
    buffer_held(); // something at least: only that brings us a call of `transferred`
  return result::pending;
}

bool session_output::transferred(size_t remaining, time_point now) {
  last_progress_ = now;
  buffered_ = remaining;
  if (remaining == 0 && held_) {
    auto n = calls_.send(fd(), held_->unsent());
    if (n > 0)
      held_->sent += static_cast<size_t>(n);
    buffer_held(); // if the send has failed for good, CAF will find that out with this
  }
  return pending() == 0;
}

void session_output::buffer_held() {
  auto room = buffered_of_held;
  for (auto piece : held_->unsent()) {
    piece = piece.substr(0, room);
    buffer(piece);
    held_->sent += piece.size();
    room -= piece.size();
    if (room == 0)
      return;
  }
  held_.reset();
  if (!after_.empty())
    buffer(std::exchange(after_, {}));
}

void session_output::buffer(std::string_view data) {
  auto& bytes = broker_.wr_buf(handle_);
  bytes.insert(bytes.end(), data.begin(), data.end());
  buffered_ += data.size();
  broker_.flush(handle_); // CAF 0.17: not flushed for us outside of new_data_msg
}

std::vector<std::string_view> session_output::held_frames::unsent() {
  std::vector<std::string_view> result;
  auto skipped = sent;
  for (auto piece : frames.pieces()) {
    auto n = std::min(skipped, piece.size());
    skipped -= n;
    if (n < piece.size())
      result.push_back(piece.substr(n));
  }
  return result;
}

} // namespace cafbus
