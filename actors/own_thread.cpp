#include "actors/own_thread.hpp"

#include <memory>
#include <system_error>
#include <thread>

namespace cafbus {

result<void> run_on_own_thread(caf::actor_system& system, std::function<void(caf::scoped_actor&)> work) {
  // made here, so that the system waits from now on
  auto self = std::make_shared<caf::scoped_actor>(system);
  try {
    std::thread{[self = std::move(self), work = std::move(work)]() mutable {
      try {
        work(*self);
      } catch (...) { // nobody is there to hear of it
      }
      work = nullptr; // before the system may end
      self.reset();
    }}.detach();
  } catch (const std::system_error& x) {
    return errno_failure("cannot make a thread", x.code().value());
  }
  return {};
}

} // namespace cafbus
