#include "io/sockets/session.hpp"

#include "config/log.hpp"

#include <spdlog/logger.h>
#include <unistd.h>

namespace cafbus {

namespace {

/// Answers that may wait for a peer which asks but does not read.
constexpr size_t max_pending_answers = 64 * 1'024;

/// Events of this size on average are sent from where they lie; smaller ones are copied together first, which costs
/// less than to name each (tests/bench/RESULTS.md).
constexpr size_t gathered_from_bytes = 1'024;

/// So many events make fewer pieces than one system call takes.
constexpr size_t max_gathered_events = 256;

/// What is sent from where it lies keeps its batches alive for as long as the consumer takes: not for a small part of
/// them.
constexpr size_t max_pinned_share = 4;

size_t pinned_bytes(const std::vector<event_range>& ranges) {
  size_t result = 0;
  const event_batch* last = nullptr;
  for (const auto& x : ranges) {
    if (x.batch.get() != last)
      result += x.batch->bytes.size();
    last = x.batch.get();
  }
  return result;
}

/// Bytes of the delivery at hand. One a thread, not one a session: a thousand idle consumers must not keep a thousand
/// buffers.
std::vector<char>& scratch() {
  thread_local std::vector<char> buffer;
  buffer.clear();
  return buffer;
}

/// A batch of more bytes is not kept alive for the consumers that may come to it next.
constexpr size_t most_kept_batch = 64 * 1'024;

/// The frames of a delivery that is one range of events and nothing else. Who is given one range after another is
/// mostly at the same sequence number as the one before, so that the frames are the same as well.
std::string_view frames_of(const event_range& x) {
  thread_local event_range last;
  thread_local std::vector<char> frames;
  if (last.batch == x.batch && last.first == x.first && last.last == x.last && last.seq == x.seq)
    return {frames.data(), frames.size()};
  last = {}; // there may be no memory for its frames
  frames.clear();
  append_frames(frames, x);
  last = x.batch->bytes.size() <= most_kept_batch ? x : event_range{};
  return {frames.data(), frames.size()};
}

/// One for all: it says the same each time, and there is one for each delivery.
const caf::message& credit_message() {
  static const auto credit = caf::make_message(delivered{});
  return credit;
}

void append(std::vector<char>& bytes, const std::string& frame) {
  bytes.insert(bytes.end(), frame.begin(), frame.end());
}

} // namespace

// -- life ----------------------------------------------------------------------------------------------------------

void session_state::start(caf::io::connection_handle handle) {
  output.emplace(*self, handle, *context->calls);
  // not monitored: an observer's memory stays for as long as what it observes, and the broker outlives a million
  // sessions
  self->set_exit_handler([this](const caf::exit_msg&) { end(close_reason::bus_stopping); });
  self->set_down_handler([this](const caf::down_msg&) { end(close_reason::internal_error); }); // of its conn, or group
  self->set_error_handler([](caf::error&) {}); // requests have their own; what is left are answers to the dead
  self->set_exception_handler([this](std::exception_ptr&) -> caf::error {
    on_exception();
    return caf::exit_reason::user_shutdown;
  });
  self->ack_writes(handle, true);
  peer = context->calls->peer(static_cast<int>(handle.id()));
  if (!peer || (peer->uid != ::geteuid() && peer->uid != 0))
    self->send(self, close_session{close_reason::foreign_uid, "this bus belongs to another user", {}});
  else
    self->configure_read(handle, caf::io::receive_policy::at_most(1)); // `on_data` reads
}

void session_state::on_closed(const caf::io::connection_closed_msg&) {
  const auto was_expected = phase == session_phase::publishing_last && closing_reason == close_reason::peer_said_bye;
  end(was_expected ? close_reason::peer_said_bye : close_reason::peer_closed);
}

void session_state::on_close_session(const close_session& x) {
  if (x.reason == close_reason::bus_stopping)
    stop(x.bye_reason, x.drain_timeout);
  else if (phase == session_phase::first_frame) // else its first frame has come in time after all
    fail(x.reason, x.bye_reason);
}

void session_state::stop(const std::string& reason, std::chrono::nanoseconds drain_limit) {
  bye_reason = reason;
  switch (phase) {
  case session_phase::first_frame:
    write(encode(error_frame{error_code::shutting_down, reason}));
    finish(close_reason::bus_stopping);
    return;
  case session_phase::entering:
    reject(reject_code::shutting_down, "the bus is stopping: " + reason);
    return;
  case session_phase::consuming:
    drain_conn(drain_limit);
    return;
  case session_phase::producing:
    say_bye();
    return;
  case session_phase::publishing:
    phase = session_phase::publishing_last;
    closing_reason = close_reason::bus_stopping;
    return;
  case session_phase::draining:
  case session_phase::publishing_last:
  case session_phase::answering:
  case session_phase::closing:
  case session_phase::ended:
    return; // ends by itself, or with the broker
  }
}

void session_state::drain_conn(std::chrono::nanoseconds limit) {
  phase = session_phase::draining;
  auto end_it = [this, limit](const auto& from) {
    self->request(from, limit, drain{})
        .then([this](const drained&) { say_bye(); }, [this](const caf::error&) { say_bye(); });
  };
  if (group)
    end_it(group);
  else
    end_it(conn);
}

void session_state::on_transferred(const caf::io::data_transferred_msg& x) {
  if (!output->transferred(x.remaining, self->clock().now()))
    return;
  waiting_answers = 0;
  if (credit.pending())
    std::exchange(credit, {}).deliver(credit_message());
  if (phase == session_phase::closing)
    end(closing_reason);
  else if (totals_due)
    tell_totals();
}

/// A producer may leave its answers unread: they are few, and what it sends shows that it runs.
bool session_state::may_leave_unread() const noexcept {
  return phase == session_phase::producing || phase == session_phase::publishing;
}

void session_state::on_stall_check(const stall_check&) {
  stall_check_pending = false;
  if (output->pending() == 0 || may_leave_unread())
    return;
  if (self->clock().now() - output->last_progress() >= context->options.write_timeout)
    end(close_reason::stalled);
  else
    watch_for_stall();
}

void session_state::watch_for_stall() {
  if (stall_check_pending)
    return;
  stall_check_pending = true;
  auto due = output->last_progress() + context->options.write_timeout;
  self->delayed_send(self, due - self->clock().now(), stall_check{});
}

void session_state::say_bye() {
  if (phase == session_phase::closing || phase == session_phase::ended)
    return;
  write(encode(bye{bye_reason}));
  finish(close_reason::bus_stopping);
}

void session_state::fail(close_reason reason, const std::string& message) {
  write(encode(error_frame{to_error_code(reason), message}));
  finish(reason);
}

/// There was no memory for this connection's request: only this connection ends.
void session_state::on_exception() {
  try {
    if (phase != session_phase::ended)
      write(encode(error_frame{error_code::internal_error, "the bus has not enough memory for this"}));
    end(close_reason::internal_error);
  } catch (...) { // nor for saying so
    phase = session_phase::ended;
    output->shut_down();
  }
}

void session_state::finish(close_reason reason) {
  if (phase == session_phase::ended)
    return;
  phase = session_phase::closing;
  closing_reason = reason;
  if (output->pending() == 0)
    end(reason);
  else
    watch_for_stall();
}

/// What a peer can bring about without being a consumer at most a few times per second.
void session_state::log_end(close_reason reason) {
  auto expected = reason == close_reason::peer_closed || reason == close_reason::peer_said_bye ||
                  reason == close_reason::answered || reason == close_reason::bus_stopping;
  auto level =
      is_consumer() || !expected ? (expected ? spdlog::level::info : spdlog::level::warn) : spdlog::level::debug;
  std::optional<uint64_t> times{1};
  if (level != spdlog::level::debug) {
    auto& limit = is_consumer() ? context->limit->left_log : context->limit->end_logs[static_cast<size_t>(reason)];
    times = limit.pass(self->clock().now());
  }
  if (!times)
    return;
  log::session().log(level, "connection-closed pid={} key={} reason={} unsent_bytes={} skipped_lines={} times={}",
                     peer ? peer->pid : 0, log::quoted(info.event_key), to_string(reason), output->pending(), skipped,
                     *times);
}

void session_state::end(close_reason reason) {
  if (phase == session_phase::ended)
    return;
  phase = session_phase::ended;
  admitted = {};
  log_end(reason);
  if (group) // it outlives this, and so would what observes it
    self->demonitor(group.address());
  output->shut_down();
  self->quit(caf::exit_reason::user_shutdown);
}

void session_state::established(bool asks_only) {
  self->send(context->broker, session_established{self->address(), asks_only});
}

caf::strong_actor_ptr session_state::me() const {
  return caf::actor_cast<caf::strong_actor_ptr>(session_actor{self});
}

// -- out -----------------------------------------------------------------------------------------------------------

void session_state::write(const std::string& frame) {
  if (phase == session_phase::ended)
    return;
  switch (output->write(frame)) {
  case session_output::result::sent:
    break;
  case session_output::result::pending:
    watch_for_stall();
    if (waiting_answers > max_pending_answers && phase != session_phase::closing)
      end(close_reason::control_overflow);
    waiting_answers += frame.size();
    break;
  case session_output::result::broken:
    if (!may_leave_unread()) // what a producer sent before it went is still to be read
      end(close_reason::peer_closed);
  }
}

session_output::result session_state::write_delivery(const delivery& x) {
  size_t events = 0;
  size_t size = 0;
  for (const auto& range : x.events) {
    events += range.size();
    size += range.bytes();
  }
  if (x.statuses.empty() && x.gaps.empty() && events <= max_gathered_events && size > events * gathered_from_bytes &&
      size > pinned_bytes(x.events) / max_pinned_share) {
    thread_local frame_pieces frames;
    frames.clear();
    for (const auto& range : x.events)
      frames.append(range, x.epoch);
    return output->write(frames, x.events);
  }
  if (x.statuses.empty() && x.gaps.empty() && x.events.size() == 1 && x.epoch == 0 && x.events[0].attempt == 1)
    return output->write(frames_of(x.events[0]));
  auto& bytes = scratch();
  for (const auto& status : x.statuses)
    append(bytes, encode(status));
  auto gap = x.gaps.begin();
  for (const auto& range : x.events) {
    for (; gap != x.gaps.end() && gap->to_seq < range.seq; ++gap)
      append(bytes, encode(*gap));
    append_frames(bytes, range, x.epoch);
  }
  for (; gap != x.gaps.end(); ++gap)
    append(bytes, encode(*gap));
  return output->write({bytes.data(), bytes.size()});
}

/// As a promise would, without the making of one: nearly every delivery leaves at once.
void session_state::answer_delivery() {
  if (self->answer_now())
    return;
  auto& x = *self->current_mailbox_element();
  if (x.sender)
    x.sender->enqueue(self->ctrl(), x.mid.response_id(), credit_message(), self->context());
  x.mid.mark_as_answered();
}

void session_state::on_delivery(const delivery& x) {
  if (phase == session_phase::closing || phase == session_phase::ended)
    return; // nothing may follow the last frame: never credited
  if (x.closed) {
    const std::string word = to_string(*x.closed);
    write(encode(bye{x.filter_failure.empty() ? word : word + ": " + x.filter_failure}));
    finish(*x.closed);
    return;
  }
  switch (write_delivery(x)) {
  case session_output::result::sent:
    answer_delivery();
    break;
  case session_output::result::pending:
    credit = self->make_response_promise();
    watch_for_stall();
    break;
  case session_output::result::broken:
    end(close_reason::peer_closed); // never credited: it has not been delivered
  }
}

// ------------------------------------------------------------------------------------------------------------------

session_actor::behavior_type session(session_state::pointer self, caf::io::connection_handle handle,
                                     const std::shared_ptr<const session_context>& context) {
  auto& state = self->state;
  state.self = self;
  state.context = context;
  state.start(handle);
  return {
      [&state](const delivery& x) -> caf::result<delivered> {
        state.on_delivery(x);
        return state.credit;
      },
      [&state](const caf::io::new_data_msg& x) { state.on_data(x); },
      [&state](const caf::io::connection_closed_msg& x) { state.on_closed(x); },
      [&state](const caf::io::data_transferred_msg& x) { state.on_transferred(x); },
      [&state](const close_session& x) { state.on_close_session(x); },
      [&state](const reload_result& x) { state.on_reload_result(x); },
      [&state](const stall_check& x) { state.on_stall_check(x); },
  };
}

} // namespace cafbus
