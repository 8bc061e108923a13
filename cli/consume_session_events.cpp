#include "cli/consume_session.hpp"

#include "cli/console.hpp"
#include "messages/close_reason.hpp"
#include "messages/event_line.hpp"

// What a session does with each event and each other frame of the bus.

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// Bytes that are collected before they are written: many events per write.
constexpr size_t batch_bytes = 256 * 1'024;
/// Time for the program before all else has a turn again: most events take less than a thousandth of that.
constexpr auto program_turn = 20ms;
/// Failures of commands and of the program that are described; those that follow are only counted.
constexpr uint64_t failures_told = 20;

std::string gap_text(uint64_t count, uint64_t first, uint64_t last) {
  return "gap: " + std::to_string(count) + " events dropped (seq " + std::to_string(first) + ".." +
         std::to_string(last) + ")";
}

/// Events that were lost before this run had a number for them.
bool is_before_all(const gap_frame& x) {
  return x.reason == gap_reason::expired || x.reason == gap_reason::restart;
}

std::string gap_text(const gap_frame& x) {
  if (x.reason == gap_reason::restart)
    return "gap: the cursor is of another bus, e.g. before a restart; events since then may be missing: restart";
  if (x.reason == gap_reason::expired)
    return "gap: up to " + std::to_string(x.count) + " events after the cursor are no longer kept by the bus: expired";
  return gap_text(x.count, x.from_seq, x.to_seq) + ": " + to_string(x.reason);
}

std::string name_of(const event_frame& event) {
  auto result = "seq=" + std::to_string(event.seq);
  if (!event.event_id.empty())
    result += " event_id=" + std::string{event.event_id};
  return result;
}

} // namespace

// -- events --------------------------------------------------------------------------------------------------------

/// @returns whether more may be buffered: it stops when there is enough to do.
bool consume_session::take_buffered() {
  auto before = totals_.received;
  auto more = true;
  auto begun = clock::now();
  auto has_time = [&] { return !program_ || clock::now() - begun < program_turn; };
  while (more && phase_ == phase::taking && !works() && output_.pending() < batch_bytes && has_time()) {
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
  ++totals_.received;
  if (cursors_)
    cursors_->took(event.cursor, delivered_);
  if (confirmations_)
    confirmations_->took(event.seq, delivered_);
  if (request_.reconnect)
    last_cursor_ = event.cursor;
  const auto was_told = told_gap_.from_seq != 0 && told_gap_.to_seq + 1 == event.seq;
  if (was_told && is_before_all(told_gap_))
    missed = told_gap_.count;
  const auto* reason = was_told ? to_string(told_gap_.reason) : "";
  taken_event taken{event, {}, {missed, gaps_.dropped(), reason}};
  if (request_.format && request_.format->names_source_time())
    taken.source_time = read_event_line(bus_.line(), defaults::max_json_depth).parts.source_time.text;
  const auto content = request_.envelope ? bus_.line() : event.payload;
  if (program_)
    run_program(taken, content);
  else
    deliver(taken, {&content, 1});
}

/// What is printed of an event, or given to its command or file, all of it at once.
void consume_session::deliver(const taken_event& event, std::span<const std::string_view> contents) {
  if (++delivered_ == request_.max_events)
    end(consume_end::limit);
  if (request_.to_stdout()) {
    render(output_.waiting(), event, contents);
    output_.end_event();
    return;
  }
  rendered_.clear();
  render(rendered_, event, contents);
  if (command_)
    run_command(event);
  else
    write_file(event.frame);
}

void consume_session::render(std::string& out, const taken_event& event,
                             std::span<const std::string_view> contents) const {
  for (auto content : contents) {
    if (request_.format)
      request_.format->append_to(out, {event.frame.event_type, event.frame.event_id, request_.subscription.event_key,
                                       event.source_time, event.frame.seq, content});
    else
      out += content;
    out += request_.end;
  }
}

void consume_session::write_file(const event_frame& event) {
  auto written = files_.write(event, rendered_);
  if (written)
    return;
  complain(0, written.error().text);
  ++totals_.failed;
  output_failed_ = true;
  not_handled();
  end_output();
}

/// The event at hand is to come again in the next run.
void consume_session::not_handled() {
  if (cursors_)
    cursors_->fail();
  give_back();
}

/// It has failed: another member of the group is to have it.
void consume_session::give_back() {
  if (confirmations_)
    confirmations_->fail();
}

/// Tells the bus of what has been handled. A bus that does not read that now is told later.
void consume_session::tell_bus() {
  if (confirmations_) {
    confirmations_->progress(delivered_, written(), !works());
    unsent_ += confirmations_->take_frames();
  }
  send_unsent();
  if (!stats_ || !unsent_.empty())
    return;
  const auto open = output_.pending_events() + works();
  unsent_ = stats_->progress({totals_.received - totals_.failed - open, totals_.failed}, clock::now());
  send_unsent();
}

void consume_session::send_unsent() {
  if (unsent_.empty() || hung_up_)
    return;
  if (auto sent = bus_.send_some(unsent_)) // that the bus has gone is noticed by reading
    unsent_.erase(0, *sent);
}

// -- the program of --jq -------------------------------------------------------------------------------------------

/// Its answer is waited for here if it comes soon, as nearly all do; else as the end of a command is.
void consume_session::run_program(const taken_event& event, std::string_view content) {
  held_.type = event.frame.event_type;
  held_.id = event.frame.event_id;
  held_.source_time = event.source_time;
  held_.content = content;
  held_.seq = event.frame.seq;
  held_.attempt = event.frame.attempt;
  held_.before = event.before;
  program_->submit(content);
  if (auto outcome = program_->wait(program_turn))
    on_program_end(*outcome);
}

void consume_session::on_program_end(const jq_outcome& outcome) {
  auto run_has_ended = phase_ != phase::taking;
  if (!outcome.error.empty()) {
    on_program_failure(outcome.error);
  } else if (outcome.results.empty()) {
    ++totals_.filtered;
  } else {
    std::vector<std::string_view> contents;
    for (const auto& x : outcome.results)
      contents.push_back(x ? std::string_view{*x} : held_.content);
    deliver(held_.view(), contents);
  }
  if (run_has_ended)
    hurry_work();
}

void consume_session::on_program_failure(const std::string& what) {
  if (++totals_.jq_errors <= failures_told)
    say("the program of --jq failed on " + name_of(held_.view().frame) + ": " + what);
  else if (totals_.jq_errors == failures_told + 1)
    say("further failures of the program are only counted");
  if (request_.program_errors == jq_errors::pass) {
    const std::string_view content = held_.content;
    return deliver(held_.view(), {&content, 1});
  }
  ++totals_.failed;
  give_back();
  if (request_.program_errors != jq_errors::fail)
    return;
  not_handled();
  end(consume_end::jq_failed);
}

// -- commands ------------------------------------------------------------------------------------------------------

void consume_session::run_command(const taken_event& event) {
  command_event_ = name_of(event.frame);
  if (auto started = command_->start(event.frame, rendered_, event.before); !started)
    on_command_failure(started.error().text);
}

void consume_session::on_command_end() {
  if (auto ended = command_->finish(); !ended)
    on_command_failure(ended.error().text);
}

void consume_session::on_command_failure(const std::string& what) {
  if (phase_ != phase::taking || !request_.skip_failures) // ended by us, or the run ends for it
    not_handled();
  give_back();
  if (phase_ != phase::taking && end_ == consume_end::output_closed)
    return; // its output was ours: it has failed for that reason
  ++totals_.failed;
  const auto failures = totals_.failed_otherwise(request_.program_errors);
  if (failures <= failures_told)
    say("the command failed on " + command_event_ + ": " + what);
  else if (failures == failures_told + 1)
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
  say(gap_text(x));
  totals_.expired = totals_.expired || is_before_all(x);
  if (request_.envelope && request_.to_stdout() && !program_)
    output_.waiting().append(bus_.line()) += request_.end; // no event: nothing counts it
}

/// The bus says bye to everybody when it stops, and to one of us when it gives that one up.
void consume_session::on_bye(const std::string& reason) {
  if (!reason.empty())
    say("the bus said bye: " + reason);
  if (reason.starts_with(to_string(close_reason::filter_failed)))
    return end(consume_end::filter_failed);
  auto given_up = reason == to_string(close_reason::stalled) || reason == to_string(close_reason::control_overflow) ||
                  reason == to_string(close_reason::internal_error) || reason == to_string(close_reason::evicted);
  end(given_up ? consume_end::connection_lost : consume_end::bus_shutdown);
}

} // namespace cafbus
