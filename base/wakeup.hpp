#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace cafbus {

/// A switch for a thread that waits in poll(): an eventfd that is readable while it is set.
class wakeup {
public:
  static result<wakeup> make();

  /// For poll() with POLLIN.
  int fd() const noexcept { return fd_.get(); }

  /// From any thread, any number of times.
  void set() noexcept;
  void clear() noexcept;
  bool is_set() const noexcept;

private:
  explicit wakeup(unique_fd fd) noexcept : fd_{std::move(fd)} {}

  unique_fd fd_;
};

} // namespace cafbus
