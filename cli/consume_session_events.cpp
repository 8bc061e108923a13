#include "cli/consume_session.hpp"

#include "cli/console.hpp"
#include "messages/close_reason.hpp"
#include "messages/event_line.hpp"

// What a session does with each event and each other frame of the bus.

namespace cafbus {

namespace {

/// Bytes that are collected before they are written: many events per write.
constexpr size_t batch_bytes = 256 * 1'024;
/// Failures of commands that are described; those that follow are only counted.
constexpr uint64_t failures_told = 20;

std::string gap_text(uint64_t count, uint64_t first, uint64_t last) {
  return "gap: " + std::to_string(count) + " events dropped (seq " + std::to_string(first) + ".." +
         std::to_string(last) + ")";
}

} // namespace

// -- events --------------------------------------------------------------------------------------------------------

/// @returns whether more may be buffered: it stops when there is enough to do.
bool consume_session::take_buffered() {
  auto before = totals_.received;
  auto more = true;
  while (more && phase_ == phase::taking && !works() && output_.pending() < batch_bytes) {
    auto got = bus_.buffered();
    more = got.has_value();
    if (!more) {
      if (auto good = bus_.check(); !good)
        lose(good.error());
      else if (hung_up_)
        lose(*hung_up_);
    } else if (auto* event = std::get_if<event_frame>(&*got)) {
      on_event(*event);
    } else {
      on_frame(std::get<frame>(*got));
    }
  }
  if (totals_.received != before)
    idle_since_ = clock::now();
  return more && phase_ == phase::taking;
}

void consume_session::on_event(const event_frame& event) {
  uint64_t missed = 0;
  if (auto hole = gaps_.on_event(event.seq)) {
    missed = hole->last - hole->first + 1;
    if (hole->last != told_gap_.to_seq) // another bus, which tells of none
      say(gap_text(missed, hole->first, hole->last));
  }
  if (++totals_.received == request_.max_events)
    end(consume_end::limit);
  const auto* reason = missed != 0 && told_gap_.to_seq + 1 == event.seq ? to_string(told_gap_.reason) : "";
  deliver(event, request_.envelope ? bus_.line() : event.payload, {missed, gaps_.dropped(), reason});
}

void consume_session::deliver(const event_frame& event, std::string_view content, const losses& before) {
  if (request_.to_stdout()) {
    render(output_.waiting(), event, content);
    output_.end_event();
    return;
  }
  rendered_.clear();
  render(rendered_, event, content);
  if (command_)
    run_command(event, before);
  else
    write_file(event);
}

void consume_session::render(std::string& out, const event_frame& event, std::string_view content) const {
  if (request_.format) {
    template_fields fields{event.event_type, event.event_id, request_.subscription.event_key, {}, event.seq, content};
    if (request_.format->names_source_time())
      fields.source_time = read_event_line(bus_.line(), defaults::max_json_depth).parts.source_time.text;
    request_.format->append_to(out, fields);
  } else {
    out += content;
  }
  out += request_.end;
}

void consume_session::write_file(const event_frame& event) {
  auto written = files_.write(event, rendered_);
  if (written)
    return;
  complain(0, written.error().text);
  ++totals_.failed;
  output_failed_ = true;
  end_output();
}

// -- commands ------------------------------------------------------------------------------------------------------

void consume_session::run_command(const event_frame& event, const losses& before) {
  command_event_ = "seq=" + std::to_string(event.seq);
  if (!event.event_id.empty())
    command_event_ += " event_id=" + std::string{event.event_id};
  if (auto started = command_->start(event, rendered_, before); !started)
    on_command_failure(started.error().text);
}

void consume_session::on_command_end() {
  if (auto ended = command_->finish(); !ended)
    on_command_failure(ended.error().text);
}

void consume_session::on_command_failure(const std::string& what) {
  if (phase_ != phase::taking && end_ == consume_end::output_closed)
    return; // its output was ours: it has failed for that reason
  if (++totals_.failed <= failures_told)
    say("the command failed on " + command_event_ + ": " + what);
  else if (totals_.failed == failures_told + 1)
    say("further failures are only counted");
  if (request_.skip_failures)
    return;
  end(consume_end::exec_failed);
  if (end_ == consume_end::limit)
    end_ = consume_end::exec_failed;
}

// -- frames --------------------------------------------------------------------------------------------------------

void consume_session::on_frame(const frame& x) {
  if (auto* status = std::get_if<source_status>(&x)) {
    if (!request_.quiet)
      say("source " + status->source + ": " + to_string(status->state) +
          (status->detail.empty() ? "" : " (" + status->detail + ")"));
  } else if (auto* error = std::get_if<error_frame>(&x)) {
    say(std::string{"the bus reports "} + to_string(error->code) + ": " + error->message);
  } else if (auto* hole = std::get_if<gap_frame>(&x)) {
    on_gap(*hole);
  } else if (auto* farewell = std::get_if<bye>(&x)) {
    on_bye(farewell->reason);
  } else if (std::holds_alternative<event_line>(x)) {
    say("the bus sent an event that cannot be read; it is skipped");
  }
}

void consume_session::on_gap(const gap_frame& x) {
  told_gap_ = x;
  say(gap_text(x.count, x.from_seq, x.to_seq) + ": " + to_string(x.reason));
  if (request_.envelope && request_.to_stdout())
    output_.waiting().append(bus_.line()) += request_.end; // no event: nothing counts it
}

/// The bus says bye to everybody when it stops, and to one of us when it gives that one up.
void consume_session::on_bye(const std::string& reason) {
  if (!reason.empty())
    say("the bus said bye: " + reason);
  auto given_up = reason == to_string(close_reason::stalled) || reason == to_string(close_reason::control_overflow) ||
                  reason == to_string(close_reason::internal_error) || reason == to_string(close_reason::evicted);
  end(given_up ? consume_end::connection_lost : consume_end::bus_shutdown);
}

} // namespace cafbus
