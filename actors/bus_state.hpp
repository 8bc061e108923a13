#pragma once
#include "actors/bus.hpp"
#include "actors/hook_runner.hpp"
#include "actors/open_promises.hpp"
#include "actors/stop_plan.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>

namespace cafbus {

/// For tests. @param hooks Runs the commands of consumers; null: `process_hooks`.
bus_parts spawn_bus(caf::actor_system& system, const bus_options& options, const hook_launcher& hooks);

/// The bus: starts, stops and describes the parts. A stop goes by its `stop_plan`. (Its sources: bus.cpp has what a bus
/// does while it runs, bus_stop.cpp how it stops.)
///
/// Invariant: every part that is owned is monitored; whatever ends the bus ends its parts.
struct bus_state {
  static inline const char* name = "bus";

  explicit bus_state(bus_actor::pointer self) : self{self} {}

  /// Ends the parts, if the bus was ended by somebody else.
  ~bus_state();

  bus_state(const bus_state&) = delete;
  bus_state& operator=(const bus_state&) = delete;

  struct attached_source {
    std::string name;
    source_actor source;
  };

  struct in_process_subscriber {
    conn_actor conn; ///< Null: it is a member of a group, and monitored itself.
    leave leaving;   ///< For the coordinator, when the bus ends before the subscriber.
    bool is_link = false;
    std::string group = {}; ///< That it is a member of; empty: none.
  };

  void on_adopt(const adopt& x);
  void on_attach_listener(const attach_listener& x);
  void on_attach_source(const attach_source& x);
  void on_attach_part(const attach_part& x);
  caf::result<joined> on_join(const join& x);
  caf::result<status_response> on_read_status();
  caf::result<stop_verdict> on_stop(const stop_bus& x);
  void on_source_ended(const source_ended& x);
  caf::result<reconfigured> on_reconfigure(const reconfigure& x);
  void on_idle_reached();
  void on_stop_overdue(const stop_overdue& x);
  void on_down(const caf::down_msg& x);
  bool on_source_down(const caf::actor_addr& who);
  void on_member_stalled(const member_stalled& x);

  void admit(const join& x, const compiled_filter_ptr& filter, bool first, open_promises<joined>::ticket question);
  void admit_to_group(const join& x, const compiled_filter_ptr& filter, bool first,
                      open_promises<joined>::ticket question);
  void list_everyone(const std::function<void(const consumer_list&)>& then,
                     const std::function<void(caf::error&)>& fail);
  void ask_listener(open_promises<status_response>::ticket question, const hub_status& hub, const consumer_list& list);
  void ask_lock(open_promises<status_response>::ticket question, const hub_status& hub, const consumer_list& list,
                const bus_load& load);
  status_response describe(const hub_status& hub, const consumer_list& list, const bus_load& load) const;
  void stop_unless_used(const stop_bus& x, open_promises<stop_verdict>::ticket question);
  void begin_stop(const stop_bus& x, bool has_failed = false);
  void go_to(bus_stage x);
  void arm_overdue();
  void end_sources();
  void drain_queues();
  void drain_conns();
  void end_waiting_links();
  void drained_one();
  void clean_up();
  void cut_short();
  void end_parts();
  void end();
  void tell_parts_to_end();
  void end_conns();

  /// For a part that comes late, and would not be told otherwise.
  void end_if_stopping(const caf::actor& part);

  bus_actor::pointer self;
  bus_options options;
  std::shared_ptr<queue_budget> budget;
  std::shared_ptr<filter_registry> filters;
  adopt parts;
  listener_actor listener;
  std::vector<attached_source> sources;
  std::vector<caf::actor> attached;                               // parts that others have made
  std::multimap<caf::actor_id, in_process_subscriber> in_process; // by who is monitored
  std::chrono::steady_clock::time_point started{};
  certificate_changed certificate;
  stop_plan plan;
  std::string stop_reason;
  bool failed = false;
  size_t draining = 0;                  // parts that have not handed out everything yet
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
