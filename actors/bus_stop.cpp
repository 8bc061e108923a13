#include "actors/bus_state.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <caf/scoped_actor.hpp>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// What a consumer list of a refusal names at most.
constexpr size_t named_consumers = 5;

/// Time beyond its own limit that a part gets before the bus goes on without it.
constexpr auto grace = 500ms;

/// In a stop that is bounded as a whole: the parts of its time after which a step is over. Sources come first and have
/// most, since a command may take a second to end (`defaults::source_kill_after`); what they do not use is the others'.
namespace share {
constexpr double sources = 0.6;
constexpr double handing_out = 0.7; ///< Then consumers get their `bye`.
constexpr double draining = 0.75;
constexpr double cleaning_up = 0.8;
constexpr double killing = 0.05; ///< Between SIGTERM and SIGKILL of the commands that are cut short.
constexpr double cutting_short = 0.9;
constexpr double ending = 0.95;
} // namespace share

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
  if (now != stage::running) {
    bound_stop(x.within);
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
  self->request(parts.hub, caf::infinite, list_consumers{})
      .then(
          [this, question, x](const consumer_list& list) {
            if (now == stage::running && !list.consumers.empty()) {
              stopping.deliver(question, stop_verdict{false, refusal(list)});
              return;
            }
            begin_stop(x);
            stopping.deliver(question, stop_verdict{true, {}});
          },
          [this, question](caf::error& e) { stopping.deliver(question, std::move(e)); });
}

void bus_state::on_source_ended(const source_ended& x) {
  begin_stop({"source " + x.name + " ended: " + x.detail}, x.failed);
}

/// A stop that goes on already may still get a bound, or a tighter one.
void bus_state::bound_stop(std::chrono::nanoseconds limit) {
  auto begin = self->clock().now();
  if (limit.count() <= 0 || now >= stage::ending || (within.count() > 0 && stop_began + within <= begin + limit))
    return;
  within = limit;
  stop_began = begin;
  switch (now) {
  case stage::sources_ending:
    return arm_overdue(limit_of(share::sources, limit));
  case stage::draining:
    return arm_overdue(limit_of(share::draining, limit));
  case stage::cleaning_up:
    return arm_overdue(limit_of(share::cleaning_up, limit));
  default:
    return arm_overdue(limit_of(share::cutting_short, limit));
  }
}

/// What is left of the whole stop's time up to its `share`, but no more than the step's usual limit.
std::chrono::nanoseconds bus_state::limit_of(double share, std::chrono::nanoseconds usual) const {
  if (within.count() == 0)
    return usual;
  auto due = std::chrono::duration_cast<std::chrono::nanoseconds>(within * share);
  return std::clamp<std::chrono::nanoseconds>(stop_began + due - self->clock().now(), 0ns, usual);
}

void bus_state::arm_overdue(std::chrono::nanoseconds limit) {
  self->delayed_send(self, limit, stop_overdue{static_cast<uint32_t>(now)});
}

// -- the steps ---------------------------------------------------------------------------------------------------

void bus_state::begin_stop(const stop_bus& x, bool has_failed) {
  if (now != stage::running)
    return;
  stop_reason = x.reason;
  failed = has_failed;
  if (x.drain_timeout.count() > 0)
    options.drain_timeout = x.drain_timeout;
  within = std::max(x.within, 0ns);
  stop_began = self->clock().now();
  log::bus().info("bus-stopping reason={}", log::quoted(stop_reason));
  now = stage::sources_ending;
  if (options.on_stopping)
    options.on_stopping();
  for (const auto& source : sources)
    self->send(source.source, stop_source{});
  if (sources.empty())
    begin_draining();
  else
    arm_overdue(limit_of(share::sources, defaults::source_kill_after + grace));
}

void bus_state::begin_draining() {
  now = stage::draining;
  draining = in_process.size() + 1;
  auto limit = limit_of(share::handing_out, options.drain_timeout);
  auto one = [this] { drained_one(); };
  for (const auto& [conn, leaving] : in_process)
    self->request(conn, limit, drain{}).then([one](const drained&) { one(); }, [one](const caf::error&) { one(); });
  if (listener) {
    ++draining;
    self->request(listener, caf::infinite, stop_serving{stop_reason, limit})
        .then([one](const served&) { one(); }, [one](const caf::error&) { one(); });
  }
  arm_overdue(limit_of(share::draining, limit + grace));
  drained_one();
}

void bus_state::drained_one() {
  if (--draining == 0 && now == stage::draining)
    begin_cleaning_up();
}

void bus_state::begin_cleaning_up() {
  now = stage::cleaning_up;
  end_conns();
  self->request(parts.lock, caf::infinite, finish_hooks{})
      .then([this](const hooks_finished&) { begin_ending(); }, [this](const caf::error&) { begin_ending(); });
  arm_overdue(limit_of(share::cleaning_up, options.drain_timeout));
}

/// The lock answers `finish_hooks` when they have ended.
void bus_state::begin_cutting_short() {
  now = stage::cutting_short;
  auto kill_after = std::chrono::nanoseconds{defaults::source_kill_after};
  if (within.count() > 0)
    kill_after = std::chrono::duration_cast<std::chrono::nanoseconds>(within * share::killing);
  self->send(parts.lock, cancel_hooks{kill_after});
  arm_overdue(limit_of(share::cutting_short, kill_after + grace));
}

void bus_state::begin_ending() {
  if (now >= stage::ending)
    return;
  now = stage::ending;
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
  wait_for(parts.hub);
  wait_for(parts.lock);
  wait_for(parts.supervisor);
  for (const auto& x : in_process)
    wait_for(x.conn);
  arm_overdue(limit_of(share::ending, grace));
  end_parts();
}

void bus_state::on_stop_overdue(const stop_overdue& x) {
  if (x.step != static_cast<uint32_t>(now))
    return;
  switch (now) {
  case stage::sources_ending:
    for (const auto& source : sources) {
      log::bus().warn("source-overdue source={}", log::quoted(source.name));
      end_part(source.source);
    }
    return begin_draining();
  case stage::draining:
    log::bus().warn("drain-overdue parts={}", draining);
    end_part(listener); // and with it the sessions, whose consumers are gone then
    return begin_cleaning_up();
  case stage::cleaning_up:
    return begin_cutting_short();
  case stage::cutting_short:
    return begin_ending();
  case stage::ending:
    log::bus().warn("end-overdue parts={}", still_ending.size());
    return end();
  default:
    return;
  }
}

void bus_state::end() {
  now = stage::ended;
  log::bus().info("bus-stopped reason={}", log::quoted(stop_reason));
  auto code = failed ? caf::exit_reason::unknown : caf::exit_reason::user_shutdown;
  self->quit(caf::error{static_cast<uint8_t>(code), caf::atom("exit"), caf::make_message(stop_reason)});
}

void bus_state::end_conns() {
  for (const auto& [conn, leaving] : in_process) {
    end_part(conn);
    caf::anon_send(parts.lock, leaving);
  }
}

void bus_state::end_parts() {
  end_part(listener);
  for (const auto& x : in_process)
    end_part(x.conn);
  end_part(parts.hub);
  end_part(parts.lock);
  end_part(parts.supervisor);
}

bus_state::~bus_state() {
  if (now == stage::ended) {
    for (const auto& x : sources) // those that have not ended belong to somebody else and must not keep us
      self->demonitor(x.source.address());
    return;
  }
  for (const auto& x : sources) {
    self->demonitor(x.source.address());
    caf::anon_send(x.source, stop_source{});
  }
  end_parts();
}

// -- from outside ------------------------------------------------------------------------------------------------

stop_bus stop_within(std::string reason, std::chrono::nanoseconds limit) {
  stop_bus result;
  result.reason = std::move(reason);
  result.within = std::max(limit, 1ns); // none at all would be no bound
  return result;
}

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
  self->receive(
      take_end, caf::after(limit) >> [&] {
        self->demonitor(bus.address());
        end_part(bus); // its state ends the parts
        result.failed = true;
        result.reason = "it did not end in time";
      });
  return result;
}

} // namespace cafbus
