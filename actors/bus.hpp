#pragma once
#include "base/result.hpp"
#include "config/bus_options.hpp"
#include "messages/actors.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/fwd.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace cafbus {

class filter_registry;
class queue_budget;

/// A bus and those of its parts that others talk to directly.
struct bus_parts {
  bus_actor bus = {};
  hub_actor hub = {};
  cleanup_lock_actor lock = {};
  uint64_t node = 0;                             ///< How linked buses know it.
  std::shared_ptr<queue_budget> budget = {};     ///< Of all mailboxes; for those who attach a listener.
  std::shared_ptr<filter_registry> filters = {}; ///< Of all consumers; the same.
  groups_actor groups = {};
};

/// Spawns a whole bus without sockets and sources: attach those to `bus`. There may be any number of them in one
/// system, with CAF's I/O module (then hub and conns run on the multiplexer's thread) or without (then on the workers).
///
/// It ends, with everything that was attached, after `stop_bus`, when it is idle for too long, when a source has ended
/// without a restart, or by an exit message; monitor `bus` to learn of it. The error that it ends with is
/// `exit_reason::user_shutdown`, or `exit_reason::unknown` if something has failed, each with the reason as text in its
/// context.
///
/// Subscribers, sources and the system belong to the program and outlive the bus, but it tells sources to end.
/// A subscriber or source whose handlers block for long must be detached, as in any CAF program: on a worker it would
/// keep others from running, the bus included.
bus_parts spawn_bus(caf::actor_system& system, const bus_options& options);

/// Whether others can be let in to a bus from outside of its program. Fails if the system has not loaded CAF's I/O
/// module, or the bus has ended, which it may a moment later: then what is attached to it is lost. @pre `bus` is not
/// null
result<void> check_door(const caf::actor_system& system, const bus_actor& bus);

/// How a stop has ended.
struct stop_outcome {
  bool ended = false;      ///< False: it did not end in time and was killed.
  bool failed = false;     ///< It ended because something had failed, maybe before the stop.
  std::string reason = {}; ///< The reason that it ended with, which may be an earlier one.
};

/// What `stop` takes at most, unless it is told another time.
inline constexpr std::chrono::nanoseconds default_stop_time = std::chrono::seconds{2};

/// The message that stops a bus within a bounded time whatever its consumers, hooks and sources do: sources end,
/// consumers receive their queued events, clean-ups run, everything ends; each step that exceeds its share of the time
/// is cut short. For actors, which monitor the bus to learn of its end.
stop_bus stop_within(std::string reason, std::chrono::nanoseconds limit = default_stop_time);

/// The same for programs: stops the bus and waits until it and its parts have ended, so that another bus can have its
/// socket, and the places and ports where others link with it. What is not ready in its share of the time is left
/// behind and ends later, as the log tells: so may commands that ignore SIGTERM, by a second, where the limit is under
/// 2 s. The system keeps running. Blocks for at most `limit` (and an instant more, if even that was not enough, to kill
/// the bus). In a system of CAF's test fixtures (`test_coordinator`), where nothing runs by itself, it runs all actors,
/// and so much of its time passes.
/// @pre called from a thread that is not the system's own; never from an actor, unless it is a detached one.
stop_outcome stop(caf::actor_system& system, const bus_actor& bus, std::string reason = "stopped by its program",
                  std::chrono::nanoseconds limit = default_stop_time);

/// A bus that its handle's destructor stops: the system of a program that forgets to stop its bus, or leaves by an
/// exception, would wait for the bus for ever. The system must outlive the handle.
class bus_handle {
public:
  explicit bus_handle(caf::actor_system& system, const bus_options& options = {})
    : system_{system}, parts_{spawn_bus(system, options)} {}
  /// Blocks as `stop` does, and where it may.
  ~bus_handle() { stop(); }
  bus_handle(const bus_handle&) = delete;
  bus_handle& operator=(const bus_handle&) = delete;

  const bus_parts& parts() const noexcept { return parts_; }
  const bus_actor& operator*() const noexcept { return parts_.bus; }

  stop_outcome stop(std::string reason = "stopped by its program", std::chrono::nanoseconds limit = default_stop_time) {
    return cafbus::stop(system_, parts_.bus, std::move(reason), limit);
  }

private:
  caf::actor_system& system_;
  bus_parts parts_;
};

/// Any actor as a subscriber. It has to answer each `delivery` with `delivered{}`: that is its credit.
/// @pre it runs in this process; `join` refuses others, which `add_remote_bus` (io/remote/remote_bus.hpp) serves.
inline subscriber_actor as_subscriber(const caf::actor& x) {
  return caf::actor_cast<subscriber_actor>(x);
}

} // namespace cafbus
