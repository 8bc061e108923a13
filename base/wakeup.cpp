#include "base/wakeup.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace cafbus {

result<wakeup> wakeup::make() {
  unique_fd fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!fd)
    return errno_failure("cannot make an eventfd");
  return wakeup{std::move(fd)};
}

void wakeup::set() noexcept {
  uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(fd_.get(), &one, sizeof(one)); // full means that it is set already
}

void wakeup::clear() noexcept {
  uint64_t count = 0;
  [[maybe_unused]] auto taken = ::read(fd_.get(), &count, sizeof(count));
}

bool wakeup::is_set() const noexcept {
  pollfd x{fd_.get(), POLLIN, 0};
  return ::poll(&x, 1, 0) > 0;
}

} // namespace cafbus
