#pragma once
#include <caf/fwd.hpp>
#include <chrono>
#include <optional>

namespace caf::io::network {
class test_multiplexer;
}
namespace caf::scheduler {
class test_coordinator;
}

namespace cafbus {

/// A system that runs nothing by itself, and whose time stands still: that of CAF's test fixtures. Whoever waits for
/// its actors must run them.
class manual_system {
public:
  /// Nothing if `system` runs by itself. @param system Outlives the result.
  static std::optional<manual_system> find(caf::actor_system& system);

  /// Until nobody has anything to do at this moment.
  void run();

  /// Lets time pass; who is woken by it does nothing yet.
  void pass(std::chrono::nanoseconds time);

private:
  manual_system() = default;

  caf::scheduler::test_coordinator* workers_ = nullptr;
  caf::io::network::test_multiplexer* sockets_ = nullptr; ///< Null: the system has no I/O module, or a real one.
};

} // namespace cafbus
