// The export's connection. It is lost whenever the network is, and the other bus comes again over another one: then all
// that this bus has queued meanwhile, and what was on its way, is still there. Nothing needs to be agreed upon but how
// many messages were taken, since they go out in order and are taken in order. What belongs to a connection is known by
// its number, so that a late word of an earlier one does nothing.
//
// Alternative dropped: to send events again by their numbers. The far bus would have to say how far it is in each of
// thousands of streams, where one count does.

#include "actors/node_export.hpp"

#include "actors/interest_builder.hpp"
#include "actors/node_export_state.hpp"
#include "config/link_limits.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"
#include "messages/node_events.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <spdlog/logger.h>
#include <utility>

namespace cafbus {

namespace {

log::shared_limit node_joined_limit{log::usual_lines_per_second}; // of all exports, as there is one log
log::shared_limit node_waits_limit{log::usual_lines_per_second};
log::shared_limit node_resumed_limit{log::usual_lines_per_second};
log::shared_limit node_left_limit{log::usual_lines_per_second};

} // namespace

// -- the connection --------------------------------------------------------------------------------------------------

void node_export_state::start(const node_export_options& x) {
  options = x;
  outbox = {link_window(x.hello.protocol), is_resumable(x), x.in_flight};
  self->monitor(options.hello.importer);
  self->set_down_handler([this](const caf::down_msg& y) { on_down(y); });
  self->set_exit_handler([this](const caf::exit_msg&) { end("ended by this bus"); });
  self->set_error_handler([](caf::error&) {}); // requests have their own
  self->send(options.parts.hub, attach_link{self});
  if (auto times = node_joined_limit.pass(self->clock().now()))
    log::link().info("node-joined peer={} node={} transport={} certificate={} times={}",
                     log::quoted(options.hello.name), node_text(options.hello.node),
                     to_string(options.hello.peer.transport), log::quoted(options.hello.peer.certificate), *times);
}

void node_export_state::on_down(const caf::down_msg& x) {
  if (!waits_since && x.source == options.hello.importer.address())
    lose_peer(why_ended(x.reason, "the other bus is gone"));
}

/// The grace begins when something was on its way for the first time and did not arrive: a bus that comes again and
/// again, and cannot take what it is sent, does not prolong it.
void node_export_state::lose_peer(const std::string& why) {
  if (ended || waits_since)
    return;
  if (!is_resumable(options) || !conn || joining || is_stopping)
    return end(why);
  const auto now = self->clock().now();
  if (!stuck_since || outbox.is_empty())
    stuck_since = now;
  if (now - *stuck_since >= options.grace)
    return end(why);
  let_go();
  waits_since = now;
  if (auto times = node_waits_limit.pass(now))
    log::link().info("node-waits peer={} node={} reason={} untaken={} times={}", log::quoted(options.hello.name),
                     node_text(options.hello.node), log::quoted(why), outbox.in_flight(), *times);
  self->delayed_send(self, *stuck_since + options.grace - now, export_grace_over{connection});
  self->send(options.keeper, export_waits{options.number, connection});
}

/// Of the connection: whatever it brings from now on is too late.
void node_export_state::let_go() {
  self->demonitor(options.hello.importer.address());
  self->send_exit(options.hello.importer, caf::exit_reason::user_shutdown);
  options.hello.importer = nullptr;
  outbox.hold();
  interest = {};
  waiting.reset();
  is_answered = false;
  interests = 0;
}

/// Nothing is sent before the other bus has said what it wants, for only then does it know what may come.
void node_export_state::on_resume(const resume_export& x) {
  if (ended)
    return;
  if (joining)
    return end("it came again before it was served");
  if (!waits_since)
    let_go();
  ++connection;
  waits_since.reset();
  options.hello = x.hello;
  self->monitor(options.hello.importer);
  if (!outbox.rewind(x.hello.resume.taken))
    return end("it says that it has taken what it was not sent");
  if (auto times = node_resumed_limit.pass(self->clock().now()))
    log::link().info("node-resumed peer={} node={} taken={} times={}", log::quoted(options.hello.name),
                     node_text(options.hello.node), x.hello.resume.taken, *times);
}

void node_export_state::on_grace_over(const export_grace_over& x) {
  if (waits_since && x.connection == connection)
    end("it has not come again within link-grace");
}

void node_export_state::on_end_waiting() {
  is_stopping = true;
  if (waits_since)
    end("this bus is stopping");
}

void node_export_state::end(const std::string& why) {
  if (ended)
    return;
  ended = true;
  if (auto times = node_left_limit.pass(self->clock().now()))
    log::link().info("node-left peer={} reason={} received={} dropped={} untaken={} times={}",
                     log::quoted(options.hello.name), log::quoted(why), received + counted.received,
                     dropped + counted.dropped, outbox.in_flight(), *times);
  self->quit(caf::exit_reason::user_shutdown);
}

// -- what is wanted --------------------------------------------------------------------------------------------------

namespace {

/// The paths in the order of `info`: those of types first.
std::vector<node_path> paths_of(const node_interest& x) {
  std::vector<node_path> result;
  for (auto patterns : {false, true})
    for (size_t i = 0; i < x.types.size(); ++i)
      if (is_pattern(x, i) == patterns)
        result.push_back(x.via[i]);
  return result;
}

} // namespace

caf::result<node_interest_taken> node_export_state::on_interest(node_interest& x) {
  if (waits_since || interest.pending() || self->current_sender() != options.hello.importer.address())
    return caf::sec::unexpected_message;
  interest = self->make_response_promise<node_interest_taken>();
  auto promise = interest;
  const auto left = interest_due - self->clock().now();
  if (left <= left.zero() || x.types.empty()) {
    take_in(std::move(x));
  } else {
    waiting = std::move(x);
    self->delayed_send(self, left, export_interest_due{connection});
  }
  return promise;
}

void node_export_state::on_interest_due(const export_interest_due& x) {
  if (waiting && x.connection == connection)
    take_in(*std::exchange(waiting, std::nullopt));
}

/// The next one waits as long as this one is work for the hub, and longer; whoever asks for nothing more does not.
void node_export_state::take_in(node_interest x) {
  x = narrowed(std::move(x), options.hello.peer.rights.read);
  types = x.types.size();
  ++interests;
  interest_due = self->clock().now() + types * defaults::link_interest_pause - defaults::node_interest_pause;
  if (outbox.is_held()) { // the first over this connection
    if (x.types.empty())
      outbox.clear();
    outbox.release();
    empty_outbox();
  }
  if (!conn && !x.types.empty())
    join_bus(x);
  else if (conn && !x.types.empty())
    change_wish(x);
  else {
    if (conn)
      leave_bus();
    answer_interest({}, connection);
  }
}

void node_export_state::change_wish(const node_interest& x) {
  self->request(options.parts.hub, caf::infinite, subscribe{conn, info(x), paths_of(x)})
      .then([this, over = connection](const stream_list& y) { answer_interest(y, over); },
            [this](const caf::error&) { end("this bus is stopping"); });
}

/// Before any event that the interest brings: from there on the other bus counts. It asks again only once it has all.
/// If the connection was lost meanwhile, it has asked again; but this is where its streams begin.
void node_export_state::answer_interest(const stream_list& x, uint64_t asked_over) {
  const auto in_time = asked_over == connection && !waits_since;
  if (tells_streams())
    for (auto& message : encode_streams(x.streams, ends(), dropped + counted.dropped, interests))
      if (in_time || forget_answer(message))
        send(std::move(message));
  is_answered = is_answered || in_time;
  if (is_outdated && stage == accounting::settled)
    account();
  give_credit();
}

consumer_info node_export_state::info(const node_interest& x) const {
  auto id = "node:" + options.hello.name;
  consumer_info result{0, id, id, {}, {}};
  for (size_t i = 0; i < x.types.size(); ++i)
    (is_pattern(x, i) ? result.patterns : result.event_types).push_back(x.types[i]);
  return result;
}

void node_export_state::join_bus(const node_interest& x) {
  joining = true;
  const std::chrono::nanoseconds never{0}; // `on_stall_check` sees to that
  self->request(options.parts.bus, caf::infinite, join{self, info(x), {}, paths_of(x), never})
      .then([this](const joined& y) { on_joined(y); }, [this](const caf::error&) { end("this bus is stopping"); });
}

void node_export_state::on_joined(const joined& x) {
  joining = false;
  conn = x.conn;
  if (!conn)
    return end("this bus is stopping");
  answer_interest(x.streams, connection);
  if (auto first = std::exchange(early, std::nullopt); first && first->from == conn)
    take(first->what);
  give_credit();
}

void node_export_state::leave_bus() {
  received += counted.received;
  dropped += counted.dropped;
  counted = {};
  expected_seq = 1;
  credit = {};
  early.reset();
  stage = accounting::settled;
  is_outdated = false;
  self->send(options.parts.hub, unsubscribe{conn});
  self->send_exit(conn, caf::exit_reason::user_shutdown);
  conn = nullptr;
}

// -- status ----------------------------------------------------------------------------------------------------------

caf::result<link_report> node_export_state::on_read_link() {
  auto report = base_report();
  if (!conn)
    return report;
  auto promise = self->make_response_promise<link_report>();
  self->request(conn, caf::infinite, read_conn_counters{})
      .then(
          [this, promise, report](const conn_counters& x) mutable {
            report.received = received + x.received;
            report.dropped = dropped + x.dropped;
            report.queued = x.queued;
            if (waits_since)
              report.detail = waiting_text(x.queued);
            promise.deliver(report);
          },
          [promise, report](const caf::error&) mutable { promise.deliver(report); });
  return promise;
}

/// "waiting for its peer, 12 s of 60 s, 340 queued"
std::string node_export_state::waiting_text(uint64_t queued) const {
  auto seconds = [](auto x) { return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(x).count()); };
  return "waiting for its peer, " + seconds(self->clock().now() - *waits_since) + " s of " + seconds(options.grace) +
         " s, " + std::to_string(queued) + " queued";
}

link_report node_export_state::base_report() const {
  link_report result;
  result.peer = described(options.hello.name, options.hello.peer);
  result.direction = link_direction::out;
  result.state = waits_since ? source_state::reconnecting : source_state::connected;
  result.node = node_text(options.hello.node);
  result.types = types;
  result.received = received + counted.received;
  result.dropped = dropped + counted.dropped;
  return result;
}

// --------------------------------------------------------------------------------------------------------------------

namespace {

exporting_actor::behavior_type node_export(exporting_actor::stateful_pointer<node_export_state> self,
                                           const node_export_options& options) {
  auto& state = self->state;
  state.start(options);
  return {
      [&state](const delivery& x) { return state.on_delivery(x); },
      [&state](node_interest& x) { return state.on_interest(x); },
      [](const interest_changed&) {}, // of this bus: the importing end's business
      [&state](const streams_moved&) { state.account(); },
      [&state](const read_link&) { return state.on_read_link(); },
      [&state](const resume_export& x) { state.on_resume(x); },
      [&state](const end_waiting&) { state.on_end_waiting(); },
      [&state](const export_stall_check&) { state.on_stall_check(); },
      [&state](const export_interest_due& x) { state.on_interest_due(x); },
      [&state](const export_grace_over& x) { state.on_grace_over(x); },
  };
}

} // namespace

resumable_export_actor spawn_node_export(caf::actor_system& system, node_export_options options) {
  return system.spawn(node_export, options);
}

} // namespace cafbus
