#pragma once
#include "actors/bounded_mailbox.hpp"
#include "config/options.hpp"
#include "messages/actors.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <chrono>

namespace cafbus {

/// A bus and those of its parts that others talk to directly.
struct bus_parts {
  bus_actor bus;
  hub_actor hub;
  cleanup_lock_actor lock;
  uint64_t node = 0; ///< How linked buses know it.
};

/// Spawns a whole bus without sockets and sources: attach those to `bus`. It ends, with everything that was attached,
/// after `stop_bus`, when it is idle for too long, or when a source has ended for good; monitor `bus` to learn of it.
/// The error that it ends with is `exit_reason::user_shutdown`, or `exit_reason::unknown` if something has failed, each
/// with the reason as text in its context.
bus_parts spawn_bus(caf::actor_system& system, const bus_options& options);

/// What of the options can change while the bus runs.
reconfigure limits_of(const bus_options& options);

/// Takes over what has changed.
void apply(const reconfigure& x, bus_options& options);

/// The bounds of one consumer's mailbox.
bounded_mailbox::limits mailbox_limits(const bus_options& options);

/// The bus: starts, stops and describes the parts. Stopping goes in steps, each with a time limit: sources end;
/// listener and in-process conns hand out what is queued; clean-ups run to their end; everything ends.
///
/// Invariant: every part that is owned is monitored while the bus runs; `step` only grows.
struct bus_state {
  static inline const char* name = "bus";

  explicit bus_state(bus_actor::pointer self) : self{self} {}

  enum class stage : uint8_t { running, sources_ending, draining, cleaning_up, ended };

  struct attached_source {
    std::string name;
    source_actor source;
  };

  struct in_process_subscriber {
    conn_actor conn;
    leave leaving; ///< For the coordinator, when the bus ends before the subscriber.
  };

  void on_adopt(const adopt& x);
  void on_attach_listener(const attach_listener& x);
  void on_attach_source(const attach_source& x);
  caf::result<joined> on_join(const join& x);
  caf::result<status_response> on_read_status();
  caf::result<stop_verdict> on_stop(const stop_bus& x);
  void on_source_ended(const source_ended& x);
  void on_reconfigure(const reconfigure& x);
  void on_idle_reached();
  void on_stop_overdue(const stop_overdue& x);
  void on_down(const caf::down_msg& x);

  conn_actor admit(const join& x);
  void report(caf::typed_response_promise<status_response> promise, const hub_status& hub, const consumer_list& list);
  void stop_unless_used(const stop_bus& x, caf::typed_response_promise<stop_verdict> promise);
  void begin_stop(const std::string& reason, bool has_failed = false);
  void begin_draining();
  void drained_one();
  void begin_cleaning_up();
  void end();
  void arm_overdue(std::chrono::nanoseconds limit);

  bus_actor::pointer self;
  bus_options options;
  adopt parts;
  listener_actor listener;
  std::vector<attached_source> sources;
  std::vector<in_process_subscriber> in_process;
  std::chrono::steady_clock::time_point started{};
  stage now = stage::running;
  std::string stop_reason;
  bool failed = false;
  size_t draining = 0; // parts that have not handed out everything yet
};

} // namespace cafbus
