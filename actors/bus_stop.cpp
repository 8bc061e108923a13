#include "actors/bus_state.hpp"
#include "actors/manual_system.hpp"
#include "actors/node_export.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <caf/scoped_actor.hpp>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// A bus that runs by hand is looked at so often.
constexpr auto look_pause = 10ms;

/// What a consumer list of a refusal names at most.
constexpr size_t named_consumers = 5;

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

caf::error gone() {
  return caf::make_error(caf::sec::request_receiver_down, "the bus has ended");
}

} // namespace

// -- being asked -------------------------------------------------------------------------------------------------

caf::result<stop_verdict> bus_state::on_stop(const stop_bus& x) {
  if (!plan.running()) {
    if (plan.tighten(self->clock().now(), x.within))
      arm_overdue();
    return stop_verdict{true, {}};
  }
  if (x.force) {
    begin_stop(x);
    return stop_verdict{true, {}};
  }
  auto promise = self->make_response_promise<stop_verdict>();
  stop_unless_used(x, stopping.add(promise));
  return promise;
}

void bus_state::stop_unless_used(const stop_bus& x, open_promises<stop_verdict>::ticket question) {
  auto decide = [this, question, x](const consumer_list& list) {
    if (plan.running() && !list.consumers.empty()) {
      stopping.deliver(question, stop_verdict{false, refusal(list)});
      return;
    }
    begin_stop(x);
    stopping.deliver(question, stop_verdict{true, {}});
  };
  list_everyone(decide, [this, question](caf::error& e) { stopping.deliver(question, std::move(e)); });
}

void bus_state::on_source_ended(const source_ended& x) {
  begin_stop({"source " + x.name + " ended: " + x.detail}, x.failed);
}

// -- the steps ---------------------------------------------------------------------------------------------------

void bus_state::begin_stop(const stop_bus& x, bool has_failed) {
  if (!plan.running())
    return;
  stop_reason = x.reason;
  failed = has_failed;
  log::bus().info("bus-stopping reason={}", log::quoted(stop_reason));
  plan.begin(self->clock().now(), x.drain_timeout.count() > 0 ? x.drain_timeout : options.drain_timeout, x.within);
  if (options.on_stopping)
    options.on_stopping();
  go_to(plan.stage());
}

void bus_state::go_to(bus_stage x) {
  switch (x) {
  case bus_stage::running:
    break;
  case bus_stage::ending_sources:
    end_sources();
    break;
  case bus_stage::draining:
    drain_queues();
    break;
  case bus_stage::cleaning_up:
    clean_up();
    break;
  case bus_stage::cutting_short:
    cut_short();
    break;
  case bus_stage::ending_parts:
    end_parts();
    break;
  case bus_stage::ended:
    return end();
  }
  if (plan.stage() == x) // a step with nothing to do is over already
    arm_overdue();
}

void bus_state::arm_overdue() {
  self->delayed_send(self, plan.limit(self->clock().now()), stop_overdue{static_cast<uint32_t>(plan.stage())});
}

void bus_state::on_stop_overdue(const stop_overdue& x) {
  if (x.step != static_cast<uint32_t>(plan.stage()))
    return;
  switch (plan.stage()) {
  case bus_stage::ending_sources:
    for (const auto& source : sources) {
      log::bus().warn("source-overdue source={}", log::quoted(source.name));
      end_part(source.source);
    }
    break;
  case bus_stage::draining:
    log::bus().warn("drain-overdue parts={}", draining);
    end_part(listener); // and with it the sessions, whose consumers are gone then
    break;
  case bus_stage::ending_parts:
    log::bus().warn("end-overdue parts={}", still_ending.size());
    break;
  default:
    break;
  }
  go_to(plan.overdue());
}

void bus_state::end_sources() {
  for (const auto& source : sources)
    self->send(source.source, stop_source{});
  if (sources.empty())
    go_to(plan.done());
}

/// First the hub: a batch that it takes after a conn was drained would be accepted and delivered to nobody.
void bus_state::drain_queues() {
  auto next = [this] {
    if (plan.stage() == bus_stage::draining)
      drain_conns();
  };
  self->request(parts.hub, caf::infinite, drain{})
      .then([next](const drained&) { next(); }, [next](const caf::error&) { next(); });
}

void bus_state::drain_conns() {
  end_waiting_links();
  draining = 1;
  auto limit = plan.hand_out_limit(self->clock().now());
  auto one = [this] { drained_one(); };
  auto drain_one = [&](const auto& part) {
    ++draining;
    self->request(part, limit, drain{}).then([one](const drained&) { one(); }, [one](const caf::error&) { one(); });
  };
  for (const auto& [id, x] : in_process)
    if (x.conn)
      drain_one(x.conn);
  drain_one(parts.groups);
  if (listener) {
    ++draining;
    self->request(listener, caf::infinite, close_listener{stop_reason, limit})
        .then([one](const listener_closed&) { one(); }, [one](const caf::error&) { one(); });
  }
  drained_one();
}

/// What is queued for a bus that is not there cannot be handed out.
void bus_state::end_waiting_links() {
  for (const auto& [id, x] : in_process)
    if (x.is_link)
      caf::anon_send(caf::actor_cast<caf::actor>(x.leaving.member), end_waiting{});
}

void bus_state::drained_one() {
  if (--draining == 0 && plan.stage() == bus_stage::draining)
    go_to(plan.done());
}

void bus_state::clean_up() {
  end_conns();
  auto done = [this] {
    if (plan.stage() < bus_stage::ending_parts)
      go_to(plan.done());
  };
  self->request(parts.lock, caf::infinite, finish_hooks{})
      .then([done](const hooks_finished&) { done(); }, [done](const caf::error&) { done(); });
}

/// The lock answers `finish_hooks` when they have ended.
void bus_state::cut_short() {
  self->send(parts.lock, cancel_hooks{plan.kill_after()});
}

void bus_state::end_parts() {
  asked.fail_all(gone());
  joining.fail_all(gone());
  stopping.fail_all(gone());
  auto wait_for = [this](const auto& part) {
    if (!part)
      return;
    still_ending.insert(part.id());
    self->monitor(part); // once more: of one that has ended already this tells at once
  };
  wait_for(listener);
  for (const auto& x : attached)
    wait_for(x);
  wait_for(parts.hub);
  wait_for(parts.lock);
  wait_for(parts.supervisor);
  wait_for(parts.groups);
  for (const auto& [id, x] : in_process)
    wait_for(x.conn);
  tell_parts_to_end();
}

void bus_state::end() {
  log::bus().info("bus-stopped reason={}", log::quoted(stop_reason));
  auto code = failed ? caf::exit_reason::unknown : caf::exit_reason::user_shutdown;
  self->quit(caf::error{static_cast<uint8_t>(code), caf::atom("exit"), caf::make_message(stop_reason)});
}

void bus_state::end_if_stopping(const caf::actor& part) {
  if (plan.running())
    return;
  if (plan.stage() == bus_stage::ending_parts)
    still_ending.insert(part.id());
  end_part(part);
}

void bus_state::end_conns() {
  for (const auto& [id, x] : in_process) {
    end_part(x.conn);
    caf::anon_send(parts.lock, x.leaving);
  }
}

void bus_state::tell_parts_to_end() {
  end_part(listener);
  for (const auto& x : attached)
    end_part(x);
  for (const auto& [id, x] : in_process)
    end_part(x.conn);
  end_part(parts.groups);
  end_part(parts.hub);
  end_part(parts.lock);
  end_part(parts.supervisor);
}

bus_state::~bus_state() {
  if (plan.stage() == bus_stage::ended) {
    for (const auto& x : sources) // those that have not ended belong to somebody else and must not keep us
      self->demonitor(x.source.address());
    for (const auto& [id, x] : in_process)
      if (!x.conn)
        self->demonitor(x.leaving.member->address());
    return;
  }
  for (const auto& x : sources) {
    self->demonitor(x.source.address());
    caf::anon_send(x.source, stop_source{});
  }
  tell_parts_to_end();
}

// -- from outside ------------------------------------------------------------------------------------------------

result<void> check_door(const caf::actor_system& system, const bus_actor& bus) {
  if (!system.has_middleman())
    return failure{failure_kind::invalid,
                   "the actor system has no I/O module; `load<caf::io::middleman>()` in its configuration"};
  if (caf::actor_cast<caf::abstract_actor*>(bus)->getf(caf::abstract_actor::is_terminated_flag))
    return failure{failure_kind::stopping, "the bus has ended"};
  return {};
}

stop_bus stop_within(std::string reason, std::chrono::nanoseconds limit) {
  stop_bus result;
  result.reason = std::move(reason);
  result.within = std::max(limit, 1ns); // none at all would be no bound
  return result;
}

namespace {

/// Nobody else runs it. @param is_over Looks, without waiting.
void run_to_end(manual_system& system, std::chrono::nanoseconds limit, const std::function<bool()>& is_over) {
  for (std::chrono::nanoseconds left = limit;; left -= look_pause) {
    system.run();
    if (is_over() || left.count() <= 0)
      return;
    system.pass(std::min<std::chrono::nanoseconds>(look_pause, left));
  }
}

} // namespace

stop_outcome stop(caf::actor_system& system, const bus_actor& bus, std::string reason, std::chrono::nanoseconds limit) {
  stop_outcome result;
  caf::scoped_actor self{system, true};
  self->monitor(bus);
  auto take_end = [&](const caf::down_msg& x) {
    result.ended = true;
    result.failed = x.reason != caf::exit_reason::user_shutdown;
    if (x.reason.context().match_elements<std::string>())
      result.reason = x.reason.context().get_as<std::string>(0);
  };
  caf::anon_send<caf::message_priority::high>(bus, stop_within(std::move(reason), limit));
  auto by_hand = manual_system::find(system);
  if (by_hand)
    run_to_end(*by_hand, limit, [&] {
      self->receive(
          take_end, caf::after(0s) >> [] {});
      return result.ended;
    });
  else
    self->receive(
        take_end, caf::after(limit) >> [] {});
  if (result.ended)
    return result;
  self->demonitor(bus.address());
  end_part(bus); // its state ends the parts
  result.failed = true;
  result.reason = "it did not end in time";
  if (by_hand)
    by_hand->run();
  return result;
}

} // namespace cafbus
