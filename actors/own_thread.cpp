#include "actors/own_thread.hpp"

#include <caf/actor_system.hpp>
#include <memory>
#include <system_error>
#include <thread>

namespace cafbus {

result<void> run_on_own_thread(caf::actor_system& system, std::function<void(caf::scoped_actor&)> work) {
  // made here, so that the system waits from now on
  auto self = std::make_shared<caf::scoped_actor>(system);
  // CAF 0.17: an actor's last step looks at its system, after it has said that it is gone. So the actor alone does not
  // keep the system for long enough; the count of threads does.
  system.inc_detached_threads();
  try {
    std::thread{[&system, self = std::move(self), work = std::move(work)]() mutable {
      try {
        work(*self);
      } catch (...) { // there is no caller to report it to
      }
      work = nullptr; // it may hold actors
      self.reset();
      system.dec_detached_threads(); // from here on the system may end
    }}.detach();
  } catch (const std::system_error& x) {
    system.dec_detached_threads();
    return errno_failure("cannot make a thread", x.code().value());
  }
  return {};
}

} // namespace cafbus
