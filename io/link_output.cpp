#include "io/link_output.hpp"

#include <algorithm>
#include <cerrno>

namespace cafbus {

link_output::result link_output::write(std::span<const std::string_view> pieces) {
  size_t sent = 0;
  size_t size = 0;
  for (auto piece : pieces)
    size += piece.size();
  if (pending_ == 0) {
    auto n = pieces.size() == 1 ? calls_.send(fd(), pieces[0].data(), size) : calls_.send(fd(), pieces);
    if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
      return result::broken;
    if (n > 0)
      sent = static_cast<size_t>(n);
    if (sent == size)
      return result::sent;
    last_progress_ = broker_.clock().now();
  }
  pending_ += size - sent;
  auto& buffer = broker_.wr_buf(handle_);
  for (auto piece : pieces) {
    const auto skipped = std::min(sent, piece.size());
    sent -= skipped;
    buffer.insert(buffer.end(), piece.begin() + static_cast<std::ptrdiff_t>(skipped), piece.end());
  }
  broker_.flush(handle_); // CAF 0.17: not flushed for us outside of new_data_msg
  return result::pending;
}

bool link_output::transferred(size_t remaining, time_point now) {
  last_progress_ = now;
  pending_ = remaining;
  return remaining == 0;
}

} // namespace cafbus
