#include "actors/line_source.hpp"

#include "config/defaults.hpp"

#include <algorithm>

namespace cafbus {

namespace {

/// Pause before restart number `n`, from 1 on.
std::chrono::nanoseconds backoff(uint32_t n) {
  std::chrono::nanoseconds result = defaults::source_backoff;
  for (; n > 1 && result < defaults::source_backoff_max; --n)
    result *= 2;
  return std::min<std::chrono::nanoseconds>(result, defaults::source_backoff_max);
}

} // namespace

line_source_state::~line_source_state() {
  if (input)
    input->stop();
}

void line_source_state::start() {
  if (input || stopping)
    return;
  report("connecting", "");
  auto opened = options.spec.what == source_spec::kind::standard_input ? line_input::standard_input()
                                                                       : line_input::command(options.spec.argument);
  if (auto* error = std::get_if<std::string>(&opened)) {
    retry(*error);
    return;
  }
  input = std::get<std::shared_ptr<line_input>>(opened);
  report("connected", "");
  spawn_line_reader(self->system(), input, options.spec.name, options.hub, reader_owner_actor{self}, ++epoch);
}

void line_source_state::on_stop() {
  stopping = true;
  if (input)
    input->stop();
  else
    end("stopped");
}

void line_source_state::on_reader_ended(const reader_ended& x) {
  if (x.epoch != epoch)
    return;
  input.reset();
  if (x.events > 0)
    failures = 0;
  if (stopping || options.spec.what == source_spec::kind::standard_input)
    end(x.detail);
  else
    retry(x.detail);
}

void line_source_state::retry(const std::string& detail) {
  if (failures == options.retries) {
    end(detail + "; given up after " + std::to_string(failures) + " restarts without an event", true);
    return;
  }
  ++failures;
  report("reconnecting", detail);
  self->delayed_send(self, backoff(failures), restart_due{});
}

void line_source_state::end(const std::string& detail, bool failed) {
  report("disconnected", detail);
  self->send(options.bus, source_ended{options.spec.name, detail, failed});
  self->quit(caf::exit_reason::user_shutdown);
}

void line_source_state::report(const char* state, const std::string& detail) {
  self->send(options.hub, source_status{options.spec.name, state, detail});
}

namespace {

line_source_actor::behavior_type line_source(line_source_actor::stateful_pointer<line_source_state> self,
                                             const line_source_options& options) {
  auto& state = self->state;
  state.options = options;
  return {
      [&state](const start_source&) { state.start(); },
      [&state](const stop_source&) { state.on_stop(); },
      [&state](const reader_ended& x) { state.on_reader_ended(x); },
      [&state](const restart_due&) { state.start(); },
  };
}

} // namespace

source_actor spawn_line_source(caf::actor_system& system, line_source_options options) {
  return system.spawn(line_source, options);
}

} // namespace cafbus
