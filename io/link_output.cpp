#include "io/link_output.hpp"

#include <cerrno>

namespace cafbus {

link_output::result link_output::write(const char* data, size_t size, time_point now) {
  size_t sent = 0;
  if (pending_ == 0) {
    auto n = calls_.send(fd(), data, size);
    if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
      return result::broken;
    if (n > 0)
      sent = static_cast<size_t>(n);
    if (sent == size)
      return result::sent;
    last_progress_ = now;
  }
  auto& buffer = broker_.wr_buf(handle_);
  buffer.insert(buffer.end(), data + sent, data + size);
  pending_ += size - sent;
  broker_.flush(handle_); // CAF 0.17: not flushed for us outside of new_data_msg
  return result::pending;
}

bool link_output::transferred(size_t remaining, time_point now) {
  last_progress_ = now;
  pending_ = remaining;
  return remaining == 0;
}

} // namespace cafbus
