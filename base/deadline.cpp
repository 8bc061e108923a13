#include "base/deadline.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace cafbus {

using std::chrono::nanoseconds;

int poll_ms(nanoseconds x) noexcept {
  constexpr int64_t hour = 3'600'000;
  return static_cast<int>(std::clamp<int64_t>(std::chrono::ceil<std::chrono::milliseconds>(x).count(), 0, hour));
}

void sleep_for(nanoseconds x) noexcept {
  for (deadline until{x}; !until.is_over();)
    ::poll(nullptr, 0, until.left_ms());
}

deadline::deadline(nanoseconds timeout) noexcept
  : at_{clock::now() + std::clamp<nanoseconds>(timeout, {}, std::chrono::hours{24 * 365})} {}

nanoseconds deadline::left() const noexcept {
  return std::max<nanoseconds>(at_ - clock::now(), {});
}

int wait_for(int fd, short events, const deadline& until) noexcept {
  for (;;) {
    pollfd item{fd, events, 0};
    auto ready = ::poll(&item, 1, until.left_ms());
    if (ready > 0)
      return item.revents;
    if (ready < 0 && errno != EINTR)
      return -1;
    if (until.is_over())
      return 0;
  }
}

} // namespace cafbus
