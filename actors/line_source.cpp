#include "actors/line_source.hpp"

#include "config/duration.hpp"

#include <algorithm>

namespace cafbus {

line_source_state::~line_source_state() {
  if (input)
    input->stop();
}

void line_source_state::start() {
  if (input || stopping)
    return;
  if (current != source_state::connected) // between the runs of a command with an interval it stays so
    report(source_state::connecting, "");
  ++epoch;
  auto opened = open();
  if (!opened) {
    retry(opened.error().text);
    return;
  }
  input = std::move(*opened);
  if (input->connected_at_once())
    report(source_state::connected, "");
}

opened_input line_source_state::open() {
  if (options.start_reader)
    return options.start_reader(reader_owner_actor{self}, epoch);
  auto result = open_input({options.spec, options.seed, options.commands, options.positions});
  if (!result)
    return result;
  auto started = start_line_reader(self->system(), {*result, options.spec.name, options.hub, reader_owner_actor{self},
                                                    epoch, options.max_silence.count() > 0, options.max_json_depth});
  return started ? std::move(result) : opened_input{started.error()};
}

void line_source_state::on_stop() {
  stopping = true;
  if (input)
    input->stop();
  else
    end("stopped");
}

void line_source_state::on_reader_state(const reader_state& x) {
  if (x.epoch == epoch && !stopping)
    report(x.state, x.detail);
}

void line_source_state::on_reader_progress(const reader_progress& x) {
  if (x.epoch != epoch)
    return;
  last_event = self->clock().now();
  if (current == source_state::stale)
    report(source_state::connected, "");
}

void line_source_state::on_reader_ended(const reader_ended& x) {
  if (x.epoch != epoch)
    return;
  input.reset();
  if (x.events > 0) {
    failures = 0;
    pauses.reset();
  }
  if (stopping || options.spec.what == source_spec::kind::standard_input)
    end(x.detail);
  else if (x.failed)
    retry(x.detail);
  else
    restart(x.detail);
}

/// It has ended as it should: a command that asks its upstream now and then.
void line_source_state::restart(const std::string& detail) {
  failures = 0;
  wait_for_restart(options.spec.every.count() > 0 ? source_state::connected : source_state::reconnecting, detail, "");
}

void line_source_state::retry(const std::string& detail) {
  if (options.spec.what == source_spec::kind::file) {
    wait_for_restart(source_state::reconnecting, detail, "");
    return;
  }
  if (failures == options.retries) {
    end(detail + "; given up after " + std::to_string(failures) + " restarts without an event", true);
    return;
  }
  ++failures;
  wait_for_restart(source_state::reconnecting, detail,
                   ", " + std::to_string(failures) + " of " + std::to_string(options.retries));
}

void line_source_state::wait_for_restart(source_state state, const std::string& detail, const std::string& which) {
  auto pause = std::max<std::chrono::nanoseconds>(pauses.next(), options.spec.every);
  report(state, detail + "; again in " + to_text(pause) + which);
  self->delayed_send(self, pause, restart_due{});
}

void line_source_state::end(const std::string& detail, bool failed) {
  report(source_state::disconnected, detail);
  self->send(options.bus, source_ended{options.spec.name, detail, failed});
  self->quit(caf::exit_reason::user_shutdown);
}

void line_source_state::report(source_state state, const std::string& detail) {
  if (state == source_state::connected && current != source_state::connected) {
    last_event = self->clock().now();
    watch_for_silence(options.max_silence);
  }
  current = state;
  self->send(options.hub, source_status{options.spec.name, state, detail});
}

void line_source_state::watch_for_silence(std::chrono::nanoseconds limit) {
  if (limit.count() > 0)
    self->delayed_send(self, limit, silence_check{++silence_ticket});
}

void line_source_state::on_silence_check(const silence_check& x) {
  if (x.ticket != silence_ticket || current != source_state::connected)
    return;
  auto left = last_event + options.max_silence - self->clock().now();
  if (left.count() > 0)
    watch_for_silence(left);
  else
    report(source_state::stale, "no event for " + to_text(options.max_silence));
}

namespace {

line_source_actor::behavior_type line_source(line_source_actor::stateful_pointer<line_source_state> self,
                                             const line_source_options& options) {
  auto& state = self->state;
  state.options = options;
  state.pauses = backoff{defaults::source_backoff, defaults::source_backoff_max, options.seed};
  return {
      [&state](const start_source&) { state.start(); },
      [&state](const stop_source&) { state.on_stop(); },
      [&state](const reader_state& x) { state.on_reader_state(x); },
      [&state](const reader_progress& x) { state.on_reader_progress(x); },
      [&state](const reader_ended& x) { state.on_reader_ended(x); },
      [&state](const restart_due&) { state.start(); },
      [&state](const silence_check& x) { state.on_silence_check(x); },
  };
}

} // namespace

source_actor spawn_line_source(caf::actor_system& system, line_source_options options) {
  return system.spawn(line_source, options);
}

void attach_line_source(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                        const source_spec& spec, const source_setup& setup) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  line_source_options line;
  line.spec = spec;
  line.hub = parts.hub;
  line.bus = parts.bus;
  line.retries = options.source_retries;
  line.max_silence = options.source_max_silence;
  line.seed = static_cast<uint64_t>(now) + std::hash<std::string>{}(spec.name);
  line.max_json_depth = options.max_json_depth;
  line.commands = options.commands;
  line.positions = setup.positions;
  caf::anon_send(parts.bus, attach_source{spec.name, spawn_line_source(system, std::move(line)), setup.wait});
}

} // namespace cafbus
