#include "base/signals.hpp"

#include <pthread.h>

namespace cafbus {

sigset_t block_signals(std::initializer_list<int> wanted) noexcept {
  sigset_t result;
  ::sigemptyset(&result);
  for (auto signal : wanted) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_IGN)
      ::sigaddset(&result, signal);
  }
  ::pthread_sigmask(SIG_BLOCK, &result, nullptr);
  return result;
}

} // namespace cafbus
