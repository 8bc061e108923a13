// What an export sends: the events that its conn brings, and how far the streams are. Credit goes back to the conn only
// while there is room on the link, so that what waits for the other bus waits in the conn's bounded mailbox.

#include "actors/node_export_state.hpp"

#include <caf/send.hpp>
#include <span>
#include <utility>

namespace cafbus {

// -- events ----------------------------------------------------------------------------------------------------------

caf::result<delivered> node_export_state::on_delivery(const delivery& x) {
  const auto from = self->current_sender(); // which the promise takes away
  if (!joining && !(conn && from == conn))
    return delivered{}; // of a conn that has been left
  credit = self->make_response_promise<delivered>();
  auto promise = credit;
  if (joining)
    early = {from, x};
  else
    take(x);
  return promise;
}

/// What lies before and behind a hole goes in messages of their own: then the hole has its place among the events.
void node_export_state::take(const delivery& x) {
  auto dropped_before = counted.dropped;
  std::span<const event_range> rest{x.events};
  while (!rest.empty()) {
    counted.dropped += rest.front().seq - expected_seq;
    size_t n = 0;
    do {
      expected_seq = rest[n].seq + rest[n].size();
      ++n;
    } while (n < rest.size() && rest[n].seq == expected_seq);
    if (auto message = encode_events(rest.first(n), ends(), dropped + counted.dropped))
      send(std::move(*message));
    rest = rest.subspan(n);
  }
  counted.received = expected_seq - 1;
  if (counted.dropped != dropped_before)
    account();
  tell_streams();
  give_credit();
}

void node_export_state::send(node_events x) {
  outbox.push(std::move(x));
  empty_outbox();
}

void node_export_state::empty_outbox() {
  while (auto message = outbox.next())
    transmit(std::move(*message));
}

void node_export_state::transmit(node_events x) {
  if (outbox.in_flight() == 1)
    last_taken = self->clock().now();
  self->request(options.hello.importer, caf::infinite, std::move(x))
      .then(
          [this, over = connection](const node_events_taken&) {
            if (over == connection && !waits_since)
              on_taken();
          },
          [this, over = connection](const caf::error&) {
            if (over == connection)
              lose_peer("the other bus is gone");
          });
  watch_for_stall();
}

void node_export_state::on_taken() {
  outbox.taken();
  stuck_since.reset();
  last_taken = self->clock().now();
  empty_outbox();
  give_credit();
}

void node_export_state::give_credit() {
  if (!outbox.is_open())
    return;
  if (std::exchange(is_answered, false))
    interest.deliver(node_interest_taken{});
  if (credit.pending() && !early)
    credit.deliver(delivered{});
}

void node_export_state::watch_for_stall() {
  if (watching)
    return;
  watching = true;
  self->delayed_send(self, last_taken + options.write_timeout - self->clock().now(), export_stall_check{});
}

void node_export_state::on_stall_check() {
  watching = false;
  if (outbox.in_flight() == 0 || waits_since)
    return;
  if (self->clock().now() - last_taken >= options.write_timeout)
    lose_peer("it has taken nothing for too long");
  else
    watch_for_stall();
}

// -- how far the streams are -----------------------------------------------------------------------------------------

/// Something was lost, here or before: the other bus is to know, even if no event of that type follows. One that is
/// not there learns it when it has come again. While this joins the bus, the answer that is under way may be older.
void node_export_state::account() {
  if (!tells_streams() || !(conn || joining))
    return;
  if (joining || stage != accounting::settled || outbox.is_held()) {
    is_outdated = true;
    return;
  }
  stage = accounting::asking;
  is_outdated = false;
  self->request(options.parts.hub, caf::infinite, read_streams{conn.id()})
      .then([this, of = conn](const stream_list& x) { on_streams(x, of); },
            [this](const caf::error&) { stage = accounting::settled; }); // the bus ends
}

/// What the hub has counted is in the conn's queue, at the latest.
void node_export_state::on_streams(const stream_list& x, const conn_actor& of) {
  if (of != conn)
    return;
  self->request(conn, caf::infinite, read_conn_counters{})
      .then(
          [this, of, x](const conn_counters& y) {
            if (of != conn)
              return;
            streams = x;
            told_after = y.received;
            stage = accounting::waiting;
            tell_streams();
          },
          [this](const caf::error&) { stage = accounting::settled; }); // the conn ends
}

void node_export_state::tell_streams() {
  if (stage != accounting::waiting || expected_seq <= told_after)
    return;
  stage = accounting::settled;
  for (auto& message : encode_streams(std::exchange(streams, {}).streams, ends(), dropped + counted.dropped, interests))
    send(std::move(message));
  if (is_outdated)
    account();
}

} // namespace cafbus
