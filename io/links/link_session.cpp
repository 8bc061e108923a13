#include "io/links/link_session.hpp"

#include "config/link_limits.hpp"
#include "config/log.hpp"
#include "messages/event_encoder.hpp"
#include "messages/node_events.hpp"

#include <algorithm>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

/// Bytes read at a time: a few records of TLS.
constexpr size_t read_bytes = 64 * 1'024;

/// Acknowledgements and pongs that may wait for a peer which asks but does not read.
constexpr size_t max_pending_answers = 16 * 1'024;

} // namespace

// -- life ------------------------------------------------------------------------------------------------------------

void link_session_state::start(caf::io::connection_handle on) {
  handle = on;
  reader.emplace(connection.side);
  peer.transport = connection.transport;
  last_heard = self->clock().now();
  self->set_exit_handler([this](const caf::exit_msg&) { end("ended by this bus"); });
  self->set_down_handler([this](const caf::down_msg& x) { on_down(x); });
  self->set_error_handler([](caf::error&) {}); // requests have their own
  self->set_exception_handler([this](std::exception_ptr&) -> caf::error {
    end("no memory for it");
    return caf::exit_reason::user_shutdown;
  });
  if (connection.connector)
    self->monitor(connection.connector);
  self->ack_writes(handle, true);
  self->configure_read(handle, caf::io::receive_policy::at_most(read_bytes));
  self->delayed_send(self, defaults::node_connect_timeout, link_overdue{});
  if (connection.transport != link_transport::tls)
    return on_secured();
  tls.emplace(connection.terms->tls, connection.side, connection.expected);
  if (connection.side == link_side::caller) {
    tls->start();
    flush(tls->output());
  }
}

/// The connector's end ends the connection; so does that of whoever uses it.
void link_session_state::on_down(const caf::down_msg& x) {
  if (phase == link_phase::ended)
    return self->quit(caf::exit_reason::user_shutdown);
  end(x.source == connection.connector ? "ended by this bus" : "the other end of the link has ended in this bus");
}

void link_session_state::on_overdue() {
  if (phase == link_phase::open || phase == link_phase::ended)
    return;
  if (auto times = connection.logs->overdue.pass(self->clock().now()))
    log::link().warn("link-overdue peer={} times={}", log::quoted(connection.where), *times);
  end(phase == link_phase::securing ? "the TLS handshake took too long" : "it has not introduced itself in time");
}

void link_session_state::schedule_tick() {
  if (tls)
    warn_of_expiry(*connection.terms, connection.where, tls->peer());
  const caf::timespan left = last_heard + defaults::link_silence_timeout - self->clock().now();
  const auto pause = std::clamp<caf::timespan>(left, {}, defaults::link_ping_interval);
  self->delayed_send(self, pause, link_tick{});
}

void link_session_state::on_tick() {
  if (phase != link_phase::open)
    return;
  if (self->clock().now() - last_heard >= defaults::link_silence_timeout)
    return end("it has been silent for too long");
  if (tls && tls->peer().expires < std::chrono::system_clock::now())
    return end("its certificate has expired");
  reader->tick();
  write(link_kind::ping, link_ping{});
  if (phase == link_phase::open)
    schedule_tick();
}

void link_session_state::offend(link_offence x) {
  if (auto times = connection.logs->offences[static_cast<size_t>(x)].pass(self->clock().now()))
    log::link().warn("link-offence peer={} certificate={} offence={} reason={} times={}", log::quoted(connection.where),
                     log::quoted(peer.certificate), to_string(x), log::quoted(text_of(x)), *times);
  end(text_of(x));
}

void link_session_state::refuse_tls(const std::string& why) {
  if (auto times = connection.logs->tls.pass(self->clock().now()))
    log::link().warn("node-tls-failed peer={} reason={} times={}", log::quoted(connection.where), log::quoted(why),
                     *times);
  end("TLS: " + why);
}

void link_session_state::say_bye(const std::string& why) {
  if (phase == link_phase::securing || reader->protocol() == 0 || pending != 0)
    return;
  auto bytes = encode_link(link_bye{why});
  if (tls) {
    if (!tls->send(bytes))
      return;
    bytes = tls->output();
  }
  connection.calls->send(static_cast<int>(handle.id()), bytes.data(), bytes.size());
}

/// What a person may do about a call that found no bus.
std::string link_session_state::explained(const std::string& why) const {
  if (connection.side != link_side::caller || reader->protocol() != 0)
    return why;
  return why + "; there is no bus, or one with another setting of TLS";
}

/// Whoever waits for a frame learns why none will come; the partner in this process notices the end.
void link_session_state::end(const std::string& why) {
  if (phase == link_phase::ended)
    return;
  say_bye(why);
  phase = link_phase::ended;
  log::link().debug("link-closed peer={} reason={}", log::quoted(connection.where), log::quoted(why));
  if (greeted.pending())
    greeted.deliver(link_ended(explained(why)));
  if (welcomed.pending())
    welcomed.deliver(link_ended(why));
  connection.calls->shut_down(static_cast<int>(handle.id())); // CAF's own close would wait for the peer to read
  if (connection.side == link_side::caller && !asked) {
    ended_by = explained(why);
    return static_cast<void>(self->close(handle));
  }
  self->quit(link_ended(why));
}

// -- bytes -----------------------------------------------------------------------------------------------------------

void link_session_state::on_data(const caf::io::new_data_msg& x) {
  if (phase == link_phase::ended)
    return;
  last_heard = self->clock().now();
  const std::string_view bytes{x.buf.data(), x.buf.size()};
  if (!tls)
    return on_plain(bytes);
  plain.clear();
  const auto received = tls->receive(bytes, plain);
  flush(tls->output());
  if (!received && phase == link_phase::securing)
    return refuse_tls(received.error().text);
  if (phase == link_phase::securing && tls->established())
    on_secured();
  on_plain(plain);
  if (!received)
    end(received.error().kind == failure_kind::closed ? "the connection is gone" : "TLS: " + received.error().text);
}

void link_session_state::on_plain(std::string_view bytes) {
  while (!bytes.empty() && phase != link_phase::ended) {
    bytes.remove_prefix(reader->read(bytes));
    if (auto offence = reader->offence())
      return offend(*offence);
    if (auto frame = reader->frame())
      on_frame(std::move(*frame));
  }
}

void link_session_state::on_transferred(const caf::io::data_transferred_msg& x) {
  pending = x.remaining;
  if (pending == 0)
    pending_answers = 0;
}

void link_session_state::write(link_kind kind, const link_frame& x) {
  if (phase == link_phase::ended)
    return;
  const auto bytes = encode_link(x);
  if (pending != 0 && (kind == link_kind::pong || kind == link_kind::interest_taken || kind == link_kind::events_taken))
    pending_answers += bytes.size();
  if (pending_answers > max_pending_answers)
    return offend(link_offence::flood);
  reader->sent(kind);
  write_bytes(bytes);
}

void link_session_state::write_bytes(std::string_view bytes) {
  if (!tls)
    return flush(bytes);
  if (auto sent = tls->send(bytes); !sent)
    return end("TLS: " + sent.error().text);
  flush(tls->output());
}

void link_session_state::flush(std::string_view bytes) {
  if (bytes.empty() || phase == link_phase::ended)
    return;
  if (pending == 0) { // as much as goes at once: it saves a turn, and the last words go before the end
    const auto n = connection.calls->send(static_cast<int>(handle.id()), bytes.data(), bytes.size());
    if (n > 0)
      bytes.remove_prefix(static_cast<size_t>(n));
    if (bytes.empty())
      return;
  }
  auto& buffer = self->wr_buf(handle); // if the send has failed for good, CAF will find that out with this
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  pending += bytes.size();
  self->flush(handle); // CAF 0.17: not flushed for us outside of new_data_msg
}

// -- greeting and introduction ---------------------------------------------------------------------------------------

/// The connection is as safe as it gets; what the peer may do depends on its name.
void link_session_state::on_secured() {
  phase = link_phase::greeting;
  if (tls) {
    peer.certificate = tls->peer().name;
    peer.expires = to_rfc3339(tls->peer().expires);
    auto rights = rights_of(connection.terms->permits, tls->peer().names);
    if (!rights) {
      if (auto times = connection.logs->not_allowed.pass(self->clock().now()))
        log::link().warn("node-not-allowed peer={} certificate={} times={}", log::quoted(connection.where),
                         log::quoted(peer.certificate), *times);
      not_allowed = "node-allow does not name " + peer.certificate;
      if (connection.side == link_side::caller)
        return end(not_allowed);
      rights.emplace();
    }
    peer.rights = std::move(*rights);
  }
  if (connection.side == link_side::caller)
    write_bytes(encode_link(link_greeting{}));
}

caf::result<node_gate_actor> link_session_state::on_await_greeting() {
  asked = true;
  if (phase == link_phase::introduction)
    return node_gate_actor{self};
  if (phase == link_phase::ended) {
    self->quit(caf::exit_reason::user_shutdown);
    return link_ended(ended_by);
  }
  greeted = self->make_response_promise<node_gate_actor>();
  return greeted;
}

void link_session_state::on_greeting() {
  phase = link_phase::introduction;
  if (connection.side == link_side::answerer)
    write_bytes(encode_link(link_greeting{}));
  else if (greeted.pending())
    greeted.deliver(node_gate_actor{self});
}

/// From the import: the other bus is to be told who calls.
caf::result<node_welcome> link_session_state::on_hello(const node_hello& x) {
  if (phase != link_phase::introduction || connection.side != link_side::caller || importer)
    return caf::sec::unexpected_message;
  importer = x.importer;
  self->monitor(importer);
  welcomed = self->make_response_promise<node_welcome>();
  write(link_kind::hello, link_hello{x.node, x.name, may_resume() ? std::optional{x.resume} : std::nullopt});
  return welcomed;
}

void link_session_state::on_peer_welcome(const link_welcome& x) {
  node_welcome answer{x.node, x.refused, {}, peer, reader->protocol(), x.exporter.value_or(link_export{})};
  if (x.refused.empty()) {
    answer.exporter = node_export_actor{self};
    phase = link_phase::open;
    schedule_tick();
  }
  welcomed.deliver(std::move(answer));
  if (!x.refused.empty())
    end("refused");
}

void link_session_state::on_peer_hello(const link_hello& x) {
  if (!not_allowed.empty())
    return welcome({0, not_allowed});
  self->request(connection.gate, defaults::node_connect_timeout,
                node_hello{x.node, x.name, node_import_actor{self}, peer, reader->protocol(),
                           x.resume.value_or(link_resume{})})
      .then([this](const node_welcome& y) { welcome(y); }, [this](const caf::error&) { end("this bus is stopping"); });
}

void link_session_state::welcome(const node_welcome& x) {
  if (phase != link_phase::introduction)
    return;
  write(link_kind::welcome, link_welcome{x.node, x.refused, may_resume() ? std::optional{x.held} : std::nullopt});
  if (!x.refused.empty())
    return; // it ends the connection, or its time does
  exporter = x.exporter;
  self->monitor(exporter);
  phase = link_phase::open;
  schedule_tick();
  self->send(connection.broker, link_established{self->address()});
}

// -- a link ----------------------------------------------------------------------------------------------------------

void link_session_state::on_frame(link_frame x) {
  std::visit(
      [this](auto& y) {
        using type = std::decay_t<decltype(y)>;
        if constexpr (std::is_same_v<type, link_greeting>)
          on_greeting();
        else if constexpr (std::is_same_v<type, link_hello>)
          on_peer_hello(y);
        else if constexpr (std::is_same_v<type, link_welcome>)
          on_peer_welcome(y);
        else if constexpr (std::is_same_v<type, node_interest>)
          on_peer_interest(std::move(y));
        else if constexpr (std::is_same_v<type, link_interest_taken>)
          interest.deliver(node_interest_taken{});
        else if constexpr (std::is_same_v<type, link_events>)
          on_peer_events(std::move(y));
        else if constexpr (std::is_same_v<type, link_ping>)
          write(link_kind::pong, link_pong{});
        else if constexpr (std::is_same_v<type, link_bye>)
          end("the other bus says: " + y.reason);
        else if constexpr (std::is_same_v<type, link_events_taken>) {
          taken.front().deliver(node_events_taken{}); // the reader lets through no more than were sent
          taken.pop_front();
        }
      },
      x);
}

/// From the import.
caf::result<node_interest_taken> link_session_state::on_interest(node_interest& x) {
  if (phase != link_phase::open || connection.side != link_side::caller || interest.pending())
    return caf::sec::unexpected_message;
  interest = self->make_response_promise<node_interest_taken>();
  write(link_kind::interest, link_frame{std::move(x)});
  return interest;
}

void link_session_state::on_peer_interest(node_interest x) {
  self->request(exporter, caf::infinite, std::move(x))
      .then([this](const node_interest_taken&) { write(link_kind::interest_taken, link_interest_taken{}); },
            [this](const caf::error&) { end("this bus is stopping"); });
}

/// From the export, which keeps to the window.
caf::result<node_events_taken> link_session_state::on_events(node_events& x) {
  if (phase != link_phase::open || connection.side != link_side::answerer)
    return caf::sec::unexpected_message;
  taken.push_back(self->make_response_promise<node_events_taken>());
  auto promise = taken.back();
  write(link_kind::events, link_frame{link_events{std::move(x.body)}});
  return promise;
}

void link_session_state::on_peer_events(link_events x) {
  self->request(importer, caf::infinite, node_events{std::move(x.body)})
      .then([this](const node_events_taken&) { write(link_kind::events_taken, link_events_taken{}); },
            [this](const caf::error&) { end("this bus has given the link up"); });
}

// --------------------------------------------------------------------------------------------------------------------

namespace {

link_session_actor::behavior_type behave(link_session_state::pointer self, caf::io::connection_handle handle,
                                         const link_connection& connection) {
  auto& state = self->state;
  state.self = self;
  state.connection = connection;
  state.start(handle);
  return {
      [&state](const node_hello& x) { return state.on_hello(x); },
      [&state](node_interest& x) { return state.on_interest(x); },
      [&state](node_events& x) { return state.on_events(x); },
      [&state](const caf::io::new_data_msg& x) { state.on_data(x); },
      [&state](const caf::io::connection_closed_msg&) { state.end("the connection is gone"); },
      [&state](const caf::io::data_transferred_msg& x) { state.on_transferred(x); },
      [&state](const await_greeting&) { return state.on_await_greeting(); },
      [&state](const close_link& x) { state.end(x.reason); },
      [&state](const link_overdue&) { state.on_overdue(); },
      [&state](const link_tick&) { state.on_tick(); },
  };
}

} // namespace

link_session_actor::behavior_type accepted_link(link_session_state::pointer self, caf::io::connection_handle handle,
                                                const std::shared_ptr<const link_connection>& connection) {
  return behave(self, handle, *connection);
}

link_session_actor::behavior_type called_link(link_session_state::pointer self, caf::io::scribe_ptr scribe,
                                              const std::shared_ptr<const link_connection>& connection) {
  const auto handle = scribe->hdl();
  self->add_scribe(std::move(scribe));
  return behave(self, handle, *connection);
}

} // namespace cafbus
