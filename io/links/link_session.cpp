#include "io/links/link_session.hpp"

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

/// Hosts that a pace knows; those beyond begin with the strangers.
constexpr size_t most_known_hosts = 1'024;

/// Of an address with a port.
std::string host_of(const std::string& address) {
  return address.substr(0, address.rfind(':'));
}

} // namespace

bool handshake_pace::begin(const std::string& host, time_point now) {
  const std::scoped_lock lock{mutex_};
  if (now >= window_end_) {
    window_end_ = now + defaults::handshake_window;
    begun_ = {};
  }
  return ++begun_[known_.contains(host)] <= defaults::handshakes_per_window;
}

void handshake_pace::know(std::string host) {
  const std::scoped_lock lock{mutex_};
  if (known_.size() >= most_known_hosts)
    known_.clear();
  known_.insert(std::move(host));
}

// -- life ------------------------------------------------------------------------------------------------------------

void link_session_state::start(pointer own, const std::shared_ptr<const link_connection>& x,
                               caf::io::connection_handle on) {
  handle = on;
  connection = x;
  begin(own, x);
  self->set_down_handler([this](const caf::down_msg& y) { on_down(y); });
  self->ack_writes(handle, true);
  self->configure_read(handle, caf::io::receive_policy::at_most(read_bytes));
  if (connection->transport != link_transport::tls)
    return on_secured();
  tls.emplace(connection->terms->tls, connection->side, connection->expected);
  if (connection->side == link_side::caller) {
    tls->start();
    flush(tls->output());
  } else if (connection->pace) {
    tls->admit_by([this] { return connection->pace->begin(host_of(connection->where), self->clock().now()); });
  }
}

void link_session_state::schedule_tick() {
  if (tls)
    warn_of_expiry(*connection->terms, connection->where, tls->peer());
  link_talk::schedule_tick();
}

void link_session_state::on_link_tick() {
  const auto is_silent = self->clock().now() - last_heard >= defaults::link_silence_timeout;
  if (phase == link_phase::open && !is_silent && tls && tls->peer().expires < std::chrono::system_clock::now())
    return end("its certificate has expired");
  on_tick();
}

void link_session_state::refuse_tls(const std::string& why) {
  if (auto times = connection->logs->tls.pass(self->clock().now()))
    log::link().warn("node-tls-failed peer={} reason={} times={}", log::quoted(connection->where), log::quoted(why),
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
  connection->calls->send(static_cast<int>(handle.id()), bytes.data(), bytes.size());
}

std::string link_session_state::explained(const std::string& why) const {
  if (connection->side != link_side::caller || reader->protocol() != 0)
    return why;
  return why + "; there is no bus, or one with another setting of TLS";
}

void link_session_state::cut(bool stays) {
  connection->calls->shut_down(static_cast<int>(handle.id())); // CAF's own close would wait for the peer to read
  if (stays)
    self->close(handle);
}

// -- bytes -----------------------------------------------------------------------------------------------------------

void link_session_state::on_data(const caf::io::new_data_msg& x) {
  if (phase == link_phase::ended)
    return;
  last_heard = self->clock().now();
  const std::string_view bytes{x.buf.data(), x.buf.size()};
  if (!tls)
    return on_bytes(bytes);
  plain.clear();
  const auto received = tls->receive(bytes, plain);
  const auto answer = tls->output();
  if (!answer.empty() && !has_room_for_answer(answer.size())) // TLS answers many things on its own
    return offend(link_offence::flood);
  flush(answer);
  if (!received && phase == link_phase::securing)
    return refuse_tls(received.error().text);
  if (phase == link_phase::securing && tls->established())
    on_secured();
  on_bytes(plain);
  if (!received)
    end(received.error().kind == failure_kind::closed ? "the connection is gone" : "TLS: " + received.error().text);
}

void link_session_state::on_transferred(const caf::io::data_transferred_msg& x) {
  pending = x.remaining;
  if (pending == 0)
    pending_answers = 0;
}

bool link_session_state::has_room_for_answer(size_t bytes) {
  if (pending != 0)
    pending_answers += bytes;
  return pending_answers <= max_pending_answers;
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
    const auto n = connection->calls->send(static_cast<int>(handle.id()), bytes.data(), bytes.size());
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

/// The connection is as safe as it gets; what the peer may do depends on its name.
void link_session_state::on_secured() {
  phase = link_phase::greeting;
  if (tls) {
    peer.certificate = tls->peer().name;
    peer.expires = to_rfc3339(tls->peer().expires);
    auto rights = rights_of(connection->terms->permits, tls->peer().names);
    if (!rights) {
      if (auto times = connection->logs->not_allowed.pass(self->clock().now()))
        log::link().warn("node-not-allowed peer={} certificate={} times={}", log::quoted(connection->where),
                         log::quoted(peer.certificate), *times);
      not_allowed = "node-allow does not name " + peer.certificate;
      if (connection->side == link_side::caller)
        return end(not_allowed);
      rights.emplace();
    }
    peer.rights = std::move(*rights);
  }
  if (connection->side == link_side::caller)
    write_bytes(encode_link(link_greeting{}));
}

void link_session_state::on_established() {
  if (tls && connection->pace)
    connection->pace->know(host_of(connection->where));
  self->send(connection->broker, link_established{self->address()});
}

// --------------------------------------------------------------------------------------------------------------------

namespace {

link_session_actor::behavior_type behave(link_session_state::pointer self, caf::io::connection_handle handle,
                                         const std::shared_ptr<const link_connection>& connection) {
  auto& state = self->state;
  state.start(self, connection, handle);
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
      [&state](const link_tick&) { state.on_link_tick(); },
  };
}

} // namespace

link_session_actor::behavior_type accepted_link(link_session_state::pointer self, caf::io::connection_handle handle,
                                                const std::shared_ptr<const link_connection>& connection) {
  return behave(self, handle, connection);
}

link_session_actor::behavior_type called_link(link_session_state::pointer self, caf::io::scribe_ptr scribe,
                                              const std::shared_ptr<const link_connection>& connection) {
  const auto handle = scribe->hdl();
  self->add_scribe(std::move(scribe));
  return behave(self, handle, connection);
}

} // namespace cafbus
