#include "actors/bus.hpp"

#include "actors/cleanup_lock.hpp"
#include "actors/conn.hpp"
#include "actors/hub.hpp"
#include "actors/idle_supervisor.hpp"
#include "config/log.hpp"
#include "config/version.hpp"

#include <algorithm>
#include <random>
#include <spdlog/logger.h>
#include <unistd.h>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// What a consumer list of a refusal names at most.
constexpr size_t named_consumers = 5;

/// Time beyond its own limit that a part gets before the bus goes on without it.
constexpr auto grace = 500ms;

std::string refusal(const consumer_list& list) {
  auto n = list.consumers.size();
  auto result = std::to_string(n) + (n == 1 ? " consumer is connected:" : " consumers are connected:");
  for (size_t i = 0; i < std::min(n, named_consumers); ++i) {
    const auto& x = list.consumers[i];
    result += (i == 0 ? " pid " : ", pid ") + std::to_string(x.pid) + " (" + x.event_key + ")";
  }
  if (n > named_consumers)
    result += ", ...";
  return result;
}

/// Ends a part whatever it is doing: ahead of what it has in its mailbox.
template <class Handle>
void end_part(const Handle& x) {
  if (x)
    caf::anon_send<caf::message_priority::high>(
        caf::actor_cast<caf::actor>(x),
        caf::exit_msg{caf::actor_addr{}, caf::make_error(caf::exit_reason::user_shutdown)});
}

uint64_t random_node() {
  std::random_device source;
  for (;;)
    if (auto x = uint64_t{source()} << 32 | source(); x != 0)
      return x;
}

} // namespace

void bus_state::on_adopt(const adopt& x) {
  parts = x;
  self->monitor(parts.hub);
  self->monitor(parts.lock);
}

void bus_state::on_attach_listener(const attach_listener& x) {
  listener = x.listener;
  self->monitor(listener);
}

void bus_state::on_attach_source(const attach_source& x) {
  sources.push_back({x.name, x.source});
  self->monitor(x.source);
  if (now == stage::running)
    self->send(x.source, start_source{});
  else
    self->send(x.source, stop_source{});
}

caf::result<joined> bus_state::on_join(const join& x) {
  auto promise = self->make_response_promise<joined>();
  auto request = x;
  auto& info = request.info;
  if (info.event_types.empty())
    info.event_types.push_back(info.event_key);
  if (info.subscription_id.empty())
    info.subscription_id = info.event_key;
  auto member = caf::actor_cast<caf::strong_actor_ptr>(request.subscriber);
  self->request(parts.lock, caf::infinite, enter{info.subscription_id, member, request.hooks})
      .then(
          [this, request, promise](const entered& answer) mutable {
            auto admitted = answer.admitted && now == stage::running;
            auto conn = admitted ? admit(request) : conn_actor{};
            promise.deliver(joined{admitted, admitted && answer.first, answer.reason, conn});
          },
          [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
  return promise;
}

conn_actor bus_state::admit(const join& x) {
  auto conn = spawn_conn(self->system(), mailbox_limits(options), x.info, x.subscriber);
  in_process.push_back({conn, {x.info.subscription_id, caf::actor_cast<caf::strong_actor_ptr>(x.subscriber)}});
  self->monitor(conn);
  self->send(parts.hub, subscribe{conn, x.info, x.via});
  log::bus().info("subscriber-joined key={} subscription={} types={}", log::quoted(x.info.event_key),
                  log::quoted(x.info.subscription_id), x.info.event_types.size());
  return conn;
}

caf::result<status_response> bus_state::on_read_status() {
  auto promise = self->make_response_promise<status_response>();
  auto fail = [promise](caf::error& e) mutable { promise.deliver(std::move(e)); };
  self->request(parts.hub, caf::infinite, list_consumers{})
      .then(
          [this, promise, fail](const consumer_list& list) {
            // counters after the consumers': what a consumer received has been counted as matched then
            self->request(parts.hub, caf::infinite, read_hub_status{})
                .then([this, promise, list](const hub_status& hub) { report(promise, hub, list); }, fail);
          },
          fail);
  return promise;
}

void bus_state::report(caf::typed_response_promise<status_response> promise, const hub_status& hub,
                       const consumer_list& list) {
  status_response result;
  result.pid = ::getpid();
  result.uptime_sec = std::chrono::duration_cast<std::chrono::seconds>(self->clock().now() - started).count();
  result.active_conns = static_cast<int64_t>(list.consumers.size());
  result.consumers = list.consumers;
  result.version = version();
  result.app = options.app;
  result.state = now == stage::running ? "running" : "stopping";
  result.socket = options.socket;
  result.last_event_at = hub.last_event_at;
  result.counters = hub.counters;
  result.unmatched_types = hub.unmatched_types;
  result.sources = hub.sources;
  result.links = list.links;
  promise.deliver(std::move(result));
}

caf::result<stop_verdict> bus_state::on_stop(const stop_bus& x) {
  if (now != stage::running)
    return stop_verdict{true, {}};
  if (x.force) {
    if (x.drain_timeout.count() > 0)
      options.drain_timeout = x.drain_timeout;
    begin_stop(x.reason);
    return stop_verdict{true, {}};
  }
  auto promise = self->make_response_promise<stop_verdict>();
  stop_unless_used(x, promise);
  return promise;
}

void bus_state::stop_unless_used(const stop_bus& x, caf::typed_response_promise<stop_verdict> promise) {
  self->request(parts.hub, caf::infinite, list_consumers{})
      .then(
          [this, promise, x](const consumer_list& list) mutable {
            if (now == stage::running && !list.consumers.empty()) {
              promise.deliver(stop_verdict{false, refusal(list)});
              return;
            }
            if (x.drain_timeout.count() > 0)
              options.drain_timeout = x.drain_timeout;
            begin_stop(x.reason);
            promise.deliver(stop_verdict{true, {}});
          },
          [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
}

void bus_state::on_source_ended(const source_ended& x) {
  begin_stop("source " + x.name + " ended: " + x.detail, x.failed);
}

void bus_state::on_reconfigure(const reconfigure& x) {
  apply(x, options);
  self->send(parts.hub, x);
  self->send(parts.lock, x);
  self->send(parts.supervisor, x);
  if (listener)
    self->send(listener, x);
}

void bus_state::on_idle_reached() {
  if (now != stage::running)
    return;
  auto reason = std::string{"idle"};
  if (!listener) {
    begin_stop(reason);
    return;
  }
  self->request(listener, caf::infinite, stop_if_idle{})
      .then(
          [this, reason](const idle_verdict& x) {
            if (x.stopped)
              begin_stop(reason);
            else
              self->send(parts.supervisor, stay_awake{});
          },
          [this, reason](const caf::error&) { begin_stop(reason); });
}

void bus_state::on_down(const caf::down_msg& x) {
  auto is = [&](const auto& part) { return part && part.address() == x.source; };
  std::erase_if(in_process, [&](const auto& y) { return is(y.conn); });
  auto source = std::find_if(sources.begin(), sources.end(), [&](const auto& y) { return is(y.source); });
  if (source != sources.end()) {
    auto source_name = source->name;
    sources.erase(source);
    if (now == stage::running)
      begin_stop("source " + source_name + " ended", true);
    else if (now == stage::sources_ending && sources.empty())
      begin_draining();
    return;
  }
  if (is(listener))
    listener = nullptr;
  else if (!is(parts.hub) && !is(parts.lock))
    return;
  if (now == stage::running) {
    log::bus().error("part-failed error={}", log::quoted(self->system().render(x.reason)));
    begin_stop("internal error", true);
  }
}

void bus_state::begin_stop(const std::string& reason, bool has_failed) {
  if (now != stage::running)
    return;
  stop_reason = reason;
  failed = has_failed;
  log::bus().info("bus-stopping reason={}", log::quoted(reason));
  now = stage::sources_ending;
  if (options.on_stopping)
    options.on_stopping();
  for (const auto& x : sources)
    self->send(x.source, stop_source{});
  if (sources.empty())
    begin_draining();
  else
    arm_overdue(defaults::source_kill_after + grace);
}

void bus_state::begin_draining() {
  now = stage::draining;
  draining = in_process.size() + 1;
  auto limit = options.drain_timeout;
  auto one = [this] { drained_one(); };
  for (const auto& [conn, leaving] : in_process)
    self->request(conn, limit, drain{}).then([one](const drained&) { one(); }, [one](const caf::error&) { one(); });
  if (listener) {
    ++draining;
    self->request(listener, caf::infinite, stop_serving{stop_reason, limit})
        .then([one](const served&) { one(); }, [one](const caf::error&) { one(); });
  }
  arm_overdue(limit + grace);
  drained_one();
}

void bus_state::drained_one() {
  if (--draining == 0 && now == stage::draining)
    begin_cleaning_up();
}

void bus_state::begin_cleaning_up() {
  now = stage::cleaning_up;
  for (const auto& [conn, leaving] : in_process) {
    end_part(conn);
    caf::anon_send(parts.lock, leaving);
  }
  self->request(parts.lock, caf::infinite, finish_hooks{})
      .then([this](const hooks_finished&) { end(); }, [this](const caf::error&) { end(); });
  arm_overdue(options.drain_timeout);
}

void bus_state::on_stop_overdue(const stop_overdue& x) {
  if (x.step != static_cast<uint32_t>(now))
    return;
  if (now == stage::sources_ending) {
    for (const auto& source : sources) {
      log::bus().warn("source-overdue source={}", log::quoted(source.name));
      end_part(source.source);
    }
    begin_draining();
  } else if (now == stage::draining) {
    log::bus().warn("drain-overdue parts={}", draining);
    end_part(listener); // and with it the links, whose consumers are gone then
    begin_cleaning_up();
  } else if (now == stage::cleaning_up) {
    end();
  }
}

void bus_state::arm_overdue(std::chrono::nanoseconds limit) {
  self->delayed_send(self, limit, stop_overdue{static_cast<uint32_t>(now)});
}

void bus_state::end() {
  now = stage::ended;
  end_part(listener);
  end_part(parts.hub);
  end_part(parts.lock);
  end_part(parts.supervisor);
  log::bus().info("bus-stopped reason={}", log::quoted(stop_reason));
  auto code = failed ? caf::exit_reason::unknown : caf::exit_reason::user_shutdown;
  self->quit(caf::error{static_cast<uint8_t>(code), caf::atom("exit"), caf::make_message(stop_reason)});
}

namespace {

bus_actor::behavior_type bus(bus_actor::stateful_pointer<bus_state> self, const bus_options& options) {
  auto& state = self->state;
  state.options = options;
  state.started = self->clock().now();
  self->set_down_handler([&state](const caf::down_msg& x) { state.on_down(x); });
  self->set_error_handler([](caf::error& e) { log::bus().warn("error-message code={}", e.code()); });
  return {
      [&state](const adopt& x) { state.on_adopt(x); },
      [&state](const attach_listener& x) { state.on_attach_listener(x); },
      [&state](const attach_source& x) { state.on_attach_source(x); },
      [&state](const join& x) { return state.on_join(x); },
      [&state](const read_status&) { return state.on_read_status(); },
      [&state](const stop_bus& x) { return state.on_stop(x); },
      [&state](const source_ended& x) { state.on_source_ended(x); },
      [&state](const reconfigure& x) { state.on_reconfigure(x); },
      [&state](const idle_reached&) { state.on_idle_reached(); },
      [&state](const stop_overdue& x) { state.on_stop_overdue(x); },
  };
}

} // namespace

reconfigure limits_of(const bus_options& x) {
  return {x.idle_timeout,  x.drain_timeout, x.queue_capacity, x.queue_bytes,  x.write_timeout,
          x.hello_timeout, x.dedup_ttl,     x.cleanup_wait,   x.cleanup_lease};
}

void apply(const reconfigure& x, bus_options& options) {
  options.idle_timeout = x.idle_timeout;
  options.drain_timeout = x.drain_timeout;
  options.queue_capacity = x.queue_capacity;
  options.queue_bytes = x.queue_bytes;
  options.write_timeout = x.write_timeout;
  options.hello_timeout = x.hello_timeout;
  options.dedup_ttl = x.dedup_ttl;
  options.cleanup_wait = x.cleanup_wait;
  options.cleanup_lease = x.cleanup_lease;
}

bounded_mailbox::limits mailbox_limits(const bus_options& options) {
  return {options.queue_capacity, options.queue_bytes, defaults::delivery_bytes};
}

bus_parts spawn_bus(caf::actor_system& system, const bus_options& options) {
  auto root = system.spawn(bus, options);
  auto supervisor = system.spawn(idle_supervisor, options.idle_timeout, root);
  auto node = options.node != 0 ? options.node : random_node();
  auto hub = spawn_hub(system, {options.dedup_capacity, options.dedup_ttl, supervisor, node});
  auto lock =
      system.spawn(cleanup_lock, options.cleanup_wait, options.cleanup_lease, process_hooks(system, options.app));
  caf::anon_send(root, adopt{hub, lock, supervisor});
  return {root, hub, lock, node};
}

} // namespace cafbus
