#include "actors/bus.hpp"

#include "actors/bus_state.hpp"
#include "actors/cleanup_lock.hpp"
#include "actors/conn.hpp"
#include "actors/filter_registry.hpp"
#include "actors/group.hpp"
#include "actors/groups.hpp"
#include "actors/hub.hpp"
#include "actors/idle_supervisor.hpp"
#include "actors/mailbox_bounds.hpp"
#include "actors/queue_budget.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"
#include "config/version.hpp"
#include "messages/replay.hpp"
#include "messages/type_pattern.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <spdlog/logger.h>
#include <unistd.h>

namespace cafbus {

namespace {

log::shared_limit subscriber_limit{log::usual_lines_per_second}; // of all buses, as there is one log

} // namespace

void bus_state::on_adopt(const adopt& x) {
  parts = x;
  self->monitor(parts.hub);
  self->monitor(parts.lock);
  self->monitor(parts.groups);
}

void bus_state::on_attach_listener(const attach_listener& x) {
  listener = x.listener;
  self->monitor(listener);
  end_if_stopping(caf::actor_cast<caf::actor>(listener));
}

void bus_state::on_attach_source(const attach_source& x) {
  sources.push_back({x.name, x.source});
  self->monitor(x.source);
  if (!plan.running()) {
    self->send(x.source, stop_source{});
  } else if (!x.waits) {
    self->send(x.source, start_source{});
  } else {
    self->send(parts.hub, source_status{x.name, source_state::connecting, "waits for the first consumer"});
    auto start = [this, source = x.source](const consumer_there&) {
      if (plan.running())
        self->send(source, start_source{});
    };
    self->request(parts.supervisor, caf::infinite, await_consumer{}).then(start, [](const caf::error&) {});
  }
}

void bus_state::on_attach_part(const attach_part& x) {
  attached.push_back(x.part);
  self->monitor(x.part);
  end_if_stopping(x.part);
}

caf::result<joined> bus_state::on_join(const join& x) {
  if (!plan.running())
    return joined{false, false, "the bus is stopping", {}};
  if (!x.subscriber)
    return joined{false, false, "there is no subscriber", {}};
  if (x.subscriber.node() != self->node())
    return joined{
        false,
        false,
        "the subscriber is an actor of another process, which events do not reach; give that process a bus of "
        "its own by cafbus::add_remote_bus, and let it join there",
        {}};
  auto request = x;
  auto& info = request.info;
  for (const auto& pattern : info.patterns)
    if (auto checked = check_pattern(pattern); !checked)
      return joined{false, false, checked.error().text, {}};
  if (info.event_types.empty() && info.patterns.empty())
    info.event_types.push_back(info.event_key);
  if (info.subscription_id.empty())
    info.subscription_id = info.event_key;
  if (auto checked = check_filter(info.filter); !checked)
    return joined{false, false, checked.error().text, {}};
  if (info.replay)
    if (auto checked = check_replay(*info.replay, options); !checked)
      return joined{false, false, checked.error().text, {}};
  if (auto checked = check_group(info); !checked)
    return joined{false, false, checked.error().text, {}};
  auto filter = filters->find_or_add(info.filter);
  if (!filter)
    return joined{false, false, filter.error().text, {}};
  limit_wishes(info, options);
  auto promise = self->make_response_promise<joined>(); // from here on it answers, and no value that is returned
  auto question = joining.add(promise);
  auto member = caf::actor_cast<caf::strong_actor_ptr>(request.subscriber);
  self->request(parts.lock, caf::infinite, enter{info.subscription_id, member, request.hooks})
      .then(
          [this, request, filter = *filter, member, question](const entered& answer) {
            if (!answer.admitted) {
              joining.deliver(question, joined{false, false, answer.reason, {}});
            } else if (plan.running()) {
              admit(request, filter, answer.first, question);
            } else {
              caf::anon_send(parts.lock, leave{request.info.subscription_id, member});
              joining.deliver(question, joined{false, false, "the bus is stopping", {}});
            }
          },
          [this, question](caf::error& e) { joining.deliver(question, std::move(e)); });
  return promise;
}

void bus_state::admit(const join& x, const compiled_filter_ptr& filter, bool first,
                      open_promises<joined>::ticket question) {
  if (!x.info.group.empty())
    return admit_to_group(x, filter, first, question);
  auto conn = spawn_conn(self->system(), bounds_of(options, budget), x.info, x.subscriber,
                         x.stall_limit.value_or(options.write_timeout));
  const leave leaving{x.info.subscription_id, caf::actor_cast<caf::strong_actor_ptr>(x.subscriber)};
  in_process.emplace(conn.id(), in_process_subscriber{conn, leaving, !x.via.empty()});
  self->monitor(conn);
  self->request(parts.hub, caf::infinite, subscribe{conn, x.info, x.via, filter})
      .then(
          [this, first, conn, question](const stream_list& streams) {
            joining.deliver(question, joined{true, first, {}, conn, streams});
          },
          [this, question](caf::error& e) { joining.deliver(question, std::move(e)); });
  if (auto times = subscriber_limit.pass(self->clock().now()))
    log::bus().info("subscriber-joined key={} subscription={} types={} times={}", log::quoted(x.info.event_key),
                    log::quoted(x.info.subscription_id), x.info.event_types.size() + x.info.patterns.size(), *times);
}

/// The coordinator lets it go when it ends, or is not taken and so leaves at once.
void bus_state::admit_to_group(const join& x, const compiled_filter_ptr& filter, bool first,
                               open_promises<joined>::ticket question) {
  const leave leaving{x.info.subscription_id, caf::actor_cast<caf::strong_actor_ptr>(x.subscriber)};
  const auto limit = x.stall_limit.value_or(options.write_timeout);
  self->request(parts.groups, caf::infinite, enter_group{x.subscriber, x.info, filter, limit, bus_actor{self}})
      .then(
          [this, first, question, leaving, group = x.info.group](const group_entered& answer) {
            if (answer.admitted) {
              in_process.emplace(leaving.member->id(), in_process_subscriber{conn_actor{}, leaving, false, group});
              self->monitor(leaving.member);
            } else {
              caf::anon_send(parts.lock, leaving);
            }
            joined result{answer.admitted, answer.admitted && first, answer.reason};
            result.group = answer.group;
            joining.deliver(question, result);
          },
          [this, question](caf::error& e) { joining.deliver(question, std::move(e)); });
}

/// The hub sees a group as one consumer; here its members stand for it.
void bus_state::list_everyone(const std::function<void(const consumer_list&)>& then,
                              const std::function<void(caf::error&)>& fail) {
  auto add_groups = [this, then, fail](const consumer_list& of_hub) {
    auto list = of_hub;
    std::map<std::string, consumer_status> seen; // groups, as the hub has them
    for (const auto& x : of_hub.consumers)
      if (!x.group.empty())
        seen.emplace(x.group, x);
    std::erase_if(list.consumers, [](const consumer_status& x) { return !x.group.empty(); });
    self->request(parts.groups, caf::infinite, list_groups{})
        .then(
            [list, seen, then](const group_list& x) mutable {
              for (const auto& group : x.groups) {
                list.groups.push_back(group.status);
                for (const auto& member : group.members) {
                  auto& y = list.consumers.emplace_back(member);
                  const auto& whole = seen[group.status.name];
                  y.filtered = whole.filtered; // before it comes to members
                  y.filter_errors = whole.filter_errors;
                  y.blocks = whole.blocks;
                }
              }
              then(list);
            },
            fail);
  };
  self->request(parts.hub, caf::infinite, list_consumers{}).then(add_groups, fail);
}

caf::result<status_response> bus_state::on_read_status() {
  if (plan.stage() >= bus_stage::ending_parts)
    return caf::make_error(caf::sec::request_receiver_down, "the bus has ended");
  auto promise = self->make_response_promise<status_response>();
  auto question = asked.add(promise);
  auto fail = [this, question](caf::error& e) { asked.deliver(question, std::move(e)); };
  auto describe_hub = [this, question, fail](const consumer_list& list) {
    // counters after the consumers': what a consumer received has been counted as matched then
    self->request(parts.hub, caf::infinite, read_hub_status{})
        .then([this, question, list](const hub_status& hub) { ask_listener(question, hub, list); }, fail);
  };
  list_everyone(describe_hub, fail);
  return promise;
}

void bus_state::ask_listener(open_promises<status_response>::ticket question, const hub_status& hub,
                             const consumer_list& list) {
  auto answer = [this, question, hub, list](const bus_load& x) { ask_lock(question, hub, list, x); };
  if (!listener)
    answer({});
  else
    self->request(listener, caf::infinite, read_load{}).then(answer, [answer](const caf::error&) {
      answer({});
    }); // it has just ended
}

void bus_state::ask_lock(open_promises<status_response>::ticket question, const hub_status& hub,
                         const consumer_list& list, const bus_load& load) {
  auto answer = [this, question, hub, list, load](const hook_counts& x) {
    auto all = load;
    all.hooks = x.running;
    all.waiting_hooks = x.waiting;
    asked.deliver(question, describe(hub, list, all));
  };
  self->request(parts.lock, caf::infinite, read_hooks{}).then(answer, [answer](const caf::error&) {
    answer({});
  }); // it has just ended
}

status_response bus_state::describe(const hub_status& hub, const consumer_list& list, const bus_load& load) const {
  status_response result;
  result.pid = ::getpid();
  result.uptime_sec = std::chrono::duration_cast<std::chrono::seconds>(self->clock().now() - started).count();
  result.active_conns = static_cast<int64_t>(list.consumers.size());
  result.consumers = list.consumers;
  result.version = version();
  result.app = options.app;
  result.state = plan.running() ? bus_phase::running : bus_phase::stopping;
  result.socket = options.socket;
  result.last_event_at = hub.last_event_at;
  result.counters = hub.counters;
  result.unmatched_types = hub.unmatched_types;
  result.sources = hub.sources;
  result.links = list.links;
  result.groups = list.groups;
  result.certificate_expires = certificate.expires;
  result.limits = {load, options};
  result.limits->load.queued_bytes = budget->used();
  return result;
}

caf::result<reconfigured> bus_state::on_reconfigure(const reconfigure& x) {
  static_cast<runtime_limits&>(options) = x;
  budget->set_limit(x.max_queued_bytes);
  self->send(parts.hub, x);
  self->send(parts.lock, x);
  self->send(parts.supervisor, x);
  self->send(parts.groups, x);
  if (listener)
    return self->delegate(listener, x);
  return reconfigured{};
}

void bus_state::on_idle_reached() {
  if (!plan.running())
    return;
  auto reason = std::string{"idle"};
  if (!listener) {
    begin_stop({reason});
    return;
  }
  self->request(listener, caf::infinite, stop_if_idle{})
      .then(
          [this, reason](const idle_verdict& x) {
            if (x.stopped)
              begin_stop({reason});
            else
              self->send(parts.supervisor, stay_awake{});
          },
          [this, reason](const caf::error&) { begin_stop({reason}); });
}

void bus_state::on_down(const caf::down_msg& x) {
  if (on_source_down(x.source))
    return;
  auto is = [&](const auto& part) { return part && part.address() == x.source; };
  const auto [first, last] = in_process.equal_range(x.source.id());
  for (auto i = first; i != last; ++i)
    caf::anon_send(parts.lock, i->second.leaving); // its subscriber may live on
  in_process.erase(first, last);
  std::erase_if(attached, is);
  if (is(listener))
    listener = nullptr;
  else if (plan.running() && !is(parts.hub) && !is(parts.lock) && !is(parts.groups))
    return;
  if (plan.running()) {
    log::bus().error("part-failed error={}", log::quoted(self->system().render(x.reason)));
    begin_stop({"internal error"}, true);
  } else if (plan.stage() == bus_stage::ending_parts && still_ending.erase(x.source.id()) > 0 && still_ending.empty()) {
    go_to(plan.done());
  }
}

void bus_state::on_member_stalled(const member_stalled& x) {
  self->send(parts.groups, x);
  const auto [first, last] = in_process.equal_range(x.member->id());
  auto is_it = [&x](const auto& y) { return !y.second.conn && y.second.group == x.group; };
  auto found = std::find_if(first, last, is_it);
  if (found == last)
    return;
  caf::anon_send(parts.lock, found->second.leaving);
  in_process.erase(found);
  if (!in_process.contains(x.member->id()))
    self->demonitor(x.member->address());
}

bool bus_state::on_source_down(const caf::actor_addr& who) {
  auto source = std::find_if(sources.begin(), sources.end(), [&](const auto& y) { return y.source.address() == who; });
  if (source == sources.end())
    return false;
  auto source_name = source->name;
  sources.erase(source);
  if (plan.running())
    begin_stop({"source " + source_name + " ended"}, true);
  else if (plan.stage() == bus_stage::ending_sources && sources.empty())
    go_to(plan.done());
  return true;
}

namespace {

bus_actor::behavior_type bus(bus_actor::stateful_pointer<bus_state> self, const bus_options& options,
                             const std::shared_ptr<queue_budget>& budget,
                             const std::shared_ptr<filter_registry>& filters) {
  auto& state = self->state;
  state.options = options;
  state.budget = budget;
  state.filters = filters;
  state.started = self->clock().now();
  self->set_down_handler([&state](const caf::down_msg& x) { state.on_down(x); });
  self->set_error_handler([](caf::error& e) { log::bus().warn("error-message code={}", e.code()); });
  return {
      [&state](const adopt& x) { state.on_adopt(x); },
      [&state](const attach_listener& x) { state.on_attach_listener(x); },
      [&state](const attach_source& x) { state.on_attach_source(x); },
      [&state](const attach_part& x) { state.on_attach_part(x); },
      [&state](const join& x) { return state.on_join(x); },
      [&state](const read_status&) { return state.on_read_status(); },
      [&state](const stop_bus& x) { return state.on_stop(x); },
      [&state](const source_ended& x) { state.on_source_ended(x); },
      [&state](const member_stalled& x) { state.on_member_stalled(x); },
      [&state](const reconfigure& x) { return state.on_reconfigure(x); },
      [&state](const certificate_changed& x) { state.certificate = x; },
      [&state](const idle_reached&) { state.on_idle_reached(); },
      [&state](const stop_overdue& x) { state.on_stop_overdue(x); },
  };
}

uint64_t random_node() {
  std::random_device source;
  for (;;)
    if (auto x = uint64_t{source()} << 32 | source(); x != 0)
      return x;
}

} // namespace

bus_parts spawn_bus(caf::actor_system& system, const bus_options& options) {
  return spawn_bus(system, options, nullptr);
}

bus_parts spawn_bus(caf::actor_system& system, const bus_options& options, const hook_launcher& hooks) {
  auto budget = std::make_shared<queue_budget>(options.max_queued_bytes);
  auto filters = std::make_shared<filter_registry>(defaults::max_filters);
  auto root = system.spawn(bus, options, budget, filters);
  auto supervisor = system.spawn(idle_supervisor, options.idle_timeout, root);
  auto node = options.node != 0 ? options.node : random_node();
  auto hub = spawn_hub(system, {options.dedup_capacity, options.dedup_ttl, supervisor, node,
                                history::bounds_of(options), random_node(), options.wall_clock});
  auto lock =
      system.spawn(cleanup_lock,
                   cleanup_limits{options.cleanup_wait, options.cleanup_lease, options.hook_timeout, options.max_hooks},
                   hooks ? hooks : process_hooks(system, options.app, options.commands, options.max_left_groups));
  auto all_groups = system.spawn(groups, hub, options, budget);
  caf::anon_send(root, adopt{hub, lock, supervisor, all_groups});
  return {root, hub, lock, node, budget, filters, all_groups};
}

} // namespace cafbus
