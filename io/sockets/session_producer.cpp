// What a session makes of a producer's lines, and what it tells the producer of them.

#include "config/log.hpp"
#include "io/sockets/hello_checks.hpp"
#include "io/sockets/session.hpp"

#include <algorithm>
#include <spdlog/logger.h>

namespace cafbus {

void session_state::on_producer_line(std::string_view line) {
  if (line.empty())
    return;
  switch (encoder->add_line(line)) {
  case event_encoder::outcome::added:
    return;
  case event_encoder::outcome::rejected:
    ++rejected;
    if (auto times = reject_log.pass(self->clock().now()))
      log::session().warn("publish-rejected pid={} reason={} times={}", peer->pid,
                          log::quoted(to_string(encoder->error())), *times);
    return;
  case event_encoder::outcome::other_type:
    break;
  }
  auto decoded = decode(line);
  auto* x = std::get_if<frame>(&decoded);
  if (x && std::holds_alternative<bye>(*x))
    on_producer_bye();
  else if (x && std::holds_alternative<hello>(*x))
    unexpected("hello");
  else if (auto* wait = x ? std::get_if<wait_for_room>(x) : nullptr)
    room_wait = block_time_of(wait->wait_ms);
  else
    ++skipped;
}

/// What came before it is published first.
void session_state::on_producer_bye() {
  closing_reason = close_reason::peer_said_bye;
  if (publish_batch(session_phase::publishing_last))
    return;
  if (totals_due)
    write(encode(totals));
  finish_producer();
}

/// It may have read nothing so far, for as long as it sent. Its last totals are for it to read now: it has the write
/// timeout for that.
void session_state::finish_producer() {
  output->count_from(self->clock().now());
  finish(closing_reason);
}

/// Whether the half of a queue that this producer waits for may be too small for more.
bool session_state::batch_is_full() const {
  return room_wait.count() > 0 && encoder->size() >= std::max<size_t>(context->options.queue_capacity / 2, 1);
}

/// @returns whether there was something to publish; then `next` is the phase until the hub has taken it.
bool session_state::publish_batch(session_phase next) {
  if (encoder->size() == 0 && rejected == 0)
    return false;
  phase = next;
  self->request(context->hub, caf::infinite, publish{encoder->finish(), rejected, peer->pid, room_wait})
      .then([this](const published& x) { on_published(x); }, [this](const caf::error&) { on_publish_refused(); });
  return true;
}

/// The hub takes no more: the totals leave out what it was asked to take just now.
void session_state::on_publish_refused() {
  if (phase != session_phase::publishing && phase != session_phase::publishing_last)
    return;
  write(encode(totals));
  if (bye_reason.empty())
    bye_reason = "the bus is stopping";
  say_bye();
}

/// Answers are running totals: while one waits unread, the newest takes the place of all that would follow it.
void session_state::tell_totals() {
  totals_due = output->pending() != 0;
  if (!totals_due)
    write(encode(totals));
}

void session_state::on_published(const published& x) {
  totals.accepted += x.accepted;
  totals.duplicates += x.duplicates;
  totals.rejected += std::exchange(rejected, 0);
  totals.unmatched = totals.unmatched.value_or(0) + x.unmatched;
  totals.consumers = x.consumers;
  const auto is_last = phase == session_phase::publishing_last;
  if (phase != session_phase::publishing && !is_last)
    return;
  if (is_last)
    write(encode(totals));
  else
    tell_totals();
  if (is_last && closing_reason == close_reason::bus_stopping)
    say_bye();
  else if (is_last)
    finish_producer();
  if (phase != session_phase::publishing)
    return; // the write has failed
  phase = session_phase::producing;
  self->trigger(output->handle()); // no effect unless it is halted
  process();                       // what came in meanwhile
}

} // namespace cafbus
