#pragma once
#include "actors/bus.hpp"
#include "actors/hook_runner.hpp"
#include "actors/open_promises.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <memory>
#include <set>

namespace cafbus {

/// For tests. @param hooks Runs the commands of consumers; null: `process_hooks`.
bus_parts spawn_bus(caf::actor_system& system, const bus_options& options, const hook_launcher& hooks);

/// The bus: starts, stops and describes the parts. Stopping goes in steps: sources end; listener and in-process conns
/// hand out what is queued; clean-ups run to their end, or are cut short; everything ends. Each step has a time limit
/// of its own, and at most its share where the whole stop is bounded.
///
/// Invariant: every part that is owned is monitored; `now` only grows; whatever ends the bus ends its parts.
struct bus_state {
  static inline const char* name = "bus";

  explicit bus_state(bus_actor::pointer self) : self{self} {}

  /// Ends the parts, if the bus was ended by somebody else.
  ~bus_state();

  bus_state(const bus_state&) = delete;
  bus_state& operator=(const bus_state&) = delete;

  enum class stage : uint8_t { running, sources_ending, draining, cleaning_up, cutting_short, ending, ended };

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
  bool on_source_down(const caf::actor_addr& who);

  joined admit(const join& x, bool first);
  void ask_listener(open_promises<status_response>::ticket question, const hub_status& hub, const consumer_list& list);
  void report(open_promises<status_response>::ticket question, const hub_status& hub, const consumer_list& list,
              const listener_status& listening);
  bus_limits limits_now(const listener_status& listening) const;
  void stop_unless_used(const stop_bus& x, open_promises<stop_verdict>::ticket question);
  void begin_stop(const stop_bus& x, bool has_failed = false);
  void bound_stop(std::chrono::nanoseconds within);
  void begin_draining();
  void drained_one();
  void begin_cleaning_up();
  void begin_cutting_short();
  void begin_ending();
  void end();
  void end_parts();
  void end_conns();
  std::chrono::nanoseconds limit_of(double share, std::chrono::nanoseconds usual) const;
  void arm_overdue(std::chrono::nanoseconds limit);

  bus_actor::pointer self;
  bus_options options;
  std::shared_ptr<queue_budget> budget;
  adopt parts;
  listener_actor listener;
  std::vector<attached_source> sources;
  std::vector<in_process_subscriber> in_process;
  std::chrono::steady_clock::time_point started{};
  stage now = stage::running;
  std::string stop_reason;
  bool failed = false;
  size_t draining = 0;                // parts that have not handed out everything yet
  std::chrono::nanoseconds within{0}; // of the whole stop, from `stop_began` on; 0: not bounded
  std::chrono::steady_clock::time_point stop_began{};
  std::set<caf::actor_id> still_ending; // parts that have been told to end and have not
  open_promises<status_response> asked;
  open_promises<joined> joining;
  open_promises<stop_verdict> stopping;
};

/// Ends a part whatever it is doing: ahead of what it has in its mailbox.
template <class Handle>
void end_part(const Handle& x) {
  if (x)
    caf::anon_send<caf::message_priority::high>(
        caf::actor_cast<caf::actor>(x),
        caf::exit_msg{caf::actor_addr{}, caf::make_error(caf::exit_reason::user_shutdown)});
}

} // namespace cafbus
