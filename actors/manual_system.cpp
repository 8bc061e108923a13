#include "actors/manual_system.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/test_multiplexer.hpp>
#include <caf/scheduler/test_coordinator.hpp>

namespace cafbus {

std::optional<manual_system> manual_system::find(caf::actor_system& system) {
  manual_system result;
  result.workers_ = dynamic_cast<caf::scheduler::test_coordinator*>(&system.scheduler());
  if (!result.workers_)
    return std::nullopt;
  if (system.has_middleman())
    result.sockets_ = dynamic_cast<caf::io::network::test_multiplexer*>(&system.middleman().backend());
  return result;
}

void manual_system::run() {
  auto worked = [this] {
    const auto a_worker = workers_->try_run_once();
    return (sockets_ && sockets_->try_exec_runnable()) || a_worker;
  };
  while (worked()) {
  }
}

void manual_system::pass(std::chrono::nanoseconds time) {
  workers_->advance_time(time);
}

} // namespace cafbus
