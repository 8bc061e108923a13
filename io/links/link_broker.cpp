#include "io/links/link_broker.hpp"

#include "config/log.hpp"
#include "io/links/tcp_socket.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <spdlog/logger.h>
#include <unistd.h>

namespace cafbus {

namespace {

/// How long a full broker bears with connections that are no link, while others wait to be accepted.
constexpr auto patience_when_full = std::chrono::milliseconds{50};

/// Half-open connections beyond which the oldest goes: a burst of honest ones gets through.
constexpr size_t most_half_open = 64;

} // namespace

link_broker_state::~link_broker_state() {
  for (auto& [id, session] : sessions)
    caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
  options.socket_file.remove();
}

size_t link_broker_state::max_half_open() const {
  return std::clamp<size_t>(options.descriptors / 2, 1, most_half_open);
}

void link_broker_state::on_connection(const caf::io::new_connection_msg& x) {
  const auto fd = static_cast<int>(x.handle.id());
  if (options.transport != link_transport::unix_socket) {
    tune_tcp(fd);
    return accept(x.handle, address_of_peer(fd));
  }
  const auto peer = options.calls->peer(fd);
  if (peer && (peer->uid == ::geteuid() || peer->uid == 0))
    return accept(x.handle, "unix, process " + std::to_string(peer->pid));
  if (auto times = foreign_log.pass(self->clock().now()))
    log::link().warn("link-of-another-user uid={} times={}", peer ? peer->uid : 0, *times);
  self->close(x.handle);
}

void link_broker_state::accept(caf::io::connection_handle handle, std::string where) {
  auto connection = std::make_shared<link_connection>();
  connection->side = link_side::answerer;
  connection->transport = options.transport;
  connection->where = std::move(where);
  connection->terms = options.terms;
  connection->gate = options.gate;
  connection->broker = link_broker_actor{self};
  connection->calls = options.calls;
  connection->logs = logs;
  connection->pace = pace;
  std::shared_ptr<const link_connection> shared = std::move(connection);
  link_session_actor session = self->fork(accepted_link, handle, shared); // CAF 0.17: forwards twice, hence lvalues
  self->monitor(session);
  sessions.emplace(session.id(), session);
  half_open.push_back(session.id());
  if (half_open.size() > max_half_open())
    evict_oldest();
  if (is_full())
    pause();
}

/// @returns whether there was one.
bool link_broker_state::evict_oldest() {
  if (half_open.empty())
    return false;
  const auto i = sessions.find(half_open.front());
  half_open.pop_front();
  if (i == sessions.end())
    return true;
  if (auto times = evicted_log.pass(self->clock().now()))
    log::link().warn("link-evicted half-open={} times={}", half_open.size(), *times);
  self->send(i->second, close_link{"too many connections are half-way in; this was the oldest"});
  return true;
}

void link_broker_state::pause() {
  if (paused)
    return;
  paused = true;
  if (auto times = paused_log.pass(self->clock().now()))
    log::link().warn("link-listener-paused connections={} half-open={} limit={} times={}", sessions.size(),
                     half_open.size(), options.descriptors, *times);
  self->halt(listening);
  arm_room_timer();
}

void link_broker_state::arm_room_timer() {
  if (room_timer)
    return;
  room_timer = true;
  self->delayed_send(self, patience_when_full, make_link_room{});
}

/// Whoever is half-way in must not keep out those who would be links.
void link_broker_state::on_make_room() {
  room_timer = false;
  if (!paused)
    return;
  evict_oldest();
  arm_room_timer();
}

void link_broker_state::on_established(const link_established& x) {
  std::erase(half_open, x.session.id());
}

void link_broker_state::on_down(const caf::down_msg& x) {
  if (x.source == options.bus.address())
    return self->quit(caf::exit_reason::user_shutdown);
  std::erase(half_open, x.source.id());
  sessions.erase(x.source.id());
  if (!paused || is_full())
    return;
  paused = false;
  self->trigger(listening);
}

void link_broker_state::on_change(const change_link_terms& x) {
  const auto others = x.terms->permits != options.terms->permits;
  options.terms = x.terms;
  if (others)
    for (const auto& [id, session] : sessions)
      self->send(session, close_link{"node-allow has changed"});
}

link_broker_actor::behavior_type link_broker(link_broker_state::pointer self, caf::io::doorman_ptr listener,
                                             const link_broker_options& options) {
  auto& state = self->state;
  state.self = self;
  state.options = options;
  state.listening = listener->hdl();
  self->monitor(options.bus);
  self->set_down_handler([&state](const caf::down_msg& x) { state.on_down(x); });
  self->set_error_handler([](caf::error&) {}); // nobody's failure is the listener's
  self->add_doorman(std::move(listener));
  return {
      [&state](const caf::io::new_connection_msg& x) { state.on_connection(x); },
      [self](const caf::io::acceptor_closed_msg&) {
        log::link().error("link-listener-failed");
        self->quit(caf::exit_reason::unhandled_exception);
      },
      [&state](const link_established& x) { state.on_established(x); },
      [&state](const change_link_terms& x) { state.on_change(x); },
      [&state](const make_link_room&) { state.on_make_room(); },
  };
}

} // namespace cafbus
