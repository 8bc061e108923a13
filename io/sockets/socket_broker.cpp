#include "io/sockets/socket_broker.hpp"

#include "config/log.hpp"
#include "io/sockets/socket_scribe.hpp"

#include <algorithm>
#include <caf/io/middleman.hpp>
#include <caf/send.hpp>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

/// How long a full bus bears with connections that say nothing, while others wait to be accepted.
constexpr auto patience_when_full = std::chrono::milliseconds{50};

} // namespace

socket_broker_state::~socket_broker_state() {
  if (accepting)
    socket_file.remove();
  for (auto& [id, entry] : sessions)
    caf::anon_send_exit(entry.session, caf::exit_reason::user_shutdown);
}

void socket_broker_state::on_connection(const caf::io::new_connection_msg& x) {
  auto handle = x.handle;
  std::shared_ptr<const session_context> shared = context;
  session_actor accepted = self->fork(session, handle, shared); // CAF 0.17: forwards twice, hence lvalues
  self->monitor(accepted);
  sessions.emplace(accepted.id(), entry{accepted, session_role::half_open});
  ++half_open_count;
  auto due = self->clock().now() + context->options.hello_timeout;
  auto later = [](auto time, const half_open_session& y) { return time < y.due; };
  half_open.insert(std::upper_bound(half_open.begin(), half_open.end(), due, later), {accepted.id(), due});
  arm_first_frame_timer();
  if (half_open_count > context->options.max_half_open)
    evict_oldest();
  if (is_full())
    pause();
}

/// Closes the half-open session that has been there for longest. @returns whether there was one.
bool socket_broker_state::evict_oldest() {
  while (!half_open.empty()) {
    auto i = sessions.find(half_open.front().id);
    half_open.pop_front();
    if (i == sessions.end() || i->second.role != session_role::half_open)
      continue;
    leave_half_open(i->second, session_role::evicted);
    ++evicted;
    self->send(i->second.session,
               close_session{close_reason::too_many_half_open,
                             "too many connections have not sent a first frame; this one was the oldest",
                             {}});
    return true;
  }
  return false;
}

void socket_broker_state::leave_half_open(entry& x, session_role next) {
  if (x.role == session_role::half_open)
    --half_open_count;
  x.role = next;
}

void socket_broker_state::pause() {
  if (paused || !accepting)
    return;
  paused = true;
  if (auto times = paused_log.pass(self->clock().now()))
    log::session().warn("listener-paused connections={} half-open={} limit={} times={}", sessions.size(),
                        half_open_count, descriptors, *times);
  self->halt(listening);
  self->delayed_send(self, patience_when_full, evict_half_open{});
}

/// Silent connections must not keep out requests for status or stop.
void socket_broker_state::on_evict_half_open() {
  if (!paused)
    return;
  while (evict_oldest()) {
  }
  self->delayed_send(self, patience_when_full, evict_half_open{});
}

void socket_broker_state::resume_unless_full() {
  if (!paused || is_full())
    return;
  paused = false;
  if (auto times = resumed_log.pass(self->clock().now()))
    log::session().info("listener-resumed connections={} times={}", sessions.size(), *times);
  if (accepting)
    self->trigger(listening);
}

bus_load socket_broker_state::on_read_load() const {
  return {context->limit->used, half_open_count, context->limit->refused + evicted, paused, 0};
}

void socket_broker_state::on_acceptor_closed() {
  if (!accepting)
    return;
  accepting = false;
  socket_file.remove();
  log::session().error("listening-socket-failed socket={}", log::quoted(socket_path));
  self->quit(caf::exit_reason::unhandled_exception); // the bus stops when it learns of it
}

void socket_broker_state::on_established(const session_established& x) {
  auto i = sessions.find(x.session.id());
  if (i != sessions.end())
    leave_half_open(i->second, x.asks_only ? session_role::asking : session_role::working);
  if (stopping.pending() && all_gone())
    stopping.deliver(listener_closed{});
}

void socket_broker_state::arm_first_frame_timer() {
  while (!half_open.empty()) {
    auto i = sessions.find(half_open.front().id);
    if (i != sessions.end() && i->second.role == session_role::half_open)
      break;
    half_open.pop_front();
  }
  if (half_open.empty() || (timer && *timer <= half_open.front().due))
    return;
  timer = half_open.front().due;
  self->delayed_send(self, *timer - self->clock().now(), first_frame_due{});
}

void socket_broker_state::on_first_frame_due() {
  timer.reset(); // if it was an older, later one: no harm but one more timer
  auto time = self->clock().now();
  while (!half_open.empty() && half_open.front().due <= time) {
    auto i = sessions.find(half_open.front().id);
    half_open.pop_front();
    if (i != sessions.end() && i->second.role == session_role::half_open)
      self->send(i->second.session, close_session{close_reason::hello_timeout, "no complete first frame in time", {}});
  }
  arm_first_frame_timer();
}

/// Sessions keep the context that they were made with.
reconfigured socket_broker_state::on_reconfigure(const reconfigure& x) {
  auto changed = std::make_shared<session_context>(*context);
  static_cast<runtime_limits&>(changed->options) = x;
  changed->limit->most = x.max_connections;
  context = std::move(changed);
  if (x.descriptors != 0)
    descriptors = x.descriptors;
  resume_unless_full();
  return {};
}

void socket_broker_state::on_down(const caf::down_msg& x) {
  if (x.source == context->bus.address())
    return self->quit(caf::exit_reason::user_shutdown);
  if (auto i = sessions.find(x.source.id()); i != sessions.end()) {
    leave_half_open(i->second, session_role::evicted);
    sessions.erase(i);
  }
  resume_unless_full();
  if (stopping.pending() && all_gone())
    stopping.deliver(listener_closed{});
}

idle_verdict socket_broker_state::on_stop_if_idle() {
  if (!accepting)
    return {true};
  if (!sessions.empty() || context->calls->has_pending(static_cast<int>(listening.id())))
    return {false};
  stop_listening();
  return {true};
}

caf::result<listener_closed> socket_broker_state::on_close_listener(const close_listener& x) {
  stop_listening();
  if (all_gone())
    return listener_closed{};
  stopping = self->make_response_promise<listener_closed>();
  for (const auto& [id, entry] : sessions)
    self->send(entry.session, close_session{close_reason::bus_stopping, x.reason, x.drain_timeout});
  return stopping;
}

void socket_broker_state::stop_listening() {
  if (!accepting)
    return;
  accepting = false;
  socket_file.remove(); // first the name, so that no client connects without being accepted
  self->close(listening);
}

/// Sessions that only ask get an answer by themselves, or by the end of the bus.
bool socket_broker_state::all_gone() const {
  for (const auto& [id, entry] : sessions)
    if (entry.role != session_role::asking)
      return false;
  return true;
}

socket_broker_actor::behavior_type socket_broker(socket_broker_state::pointer self, caf::io::doorman_ptr listener,
                                                 const bus_parts& parts, const bus_options& options,
                                                 socket_calls* calls, const own_file& file) {
  auto& state = self->state;
  state.self = self;
  state.socket_path = options.socket;
  state.socket_file = file;
  state.listening = listener->hdl();
  state.context = std::make_shared<session_context>(
      session_context{parts.bus, parts.hub, parts.lock, socket_broker_actor{self}, options, calls,
                      std::make_shared<connection_limit>(), parts.budget, parts.filters, parts.groups});
  state.context->limit->most = options.max_connections;
  state.descriptors = options.descriptors;
  self->monitor(parts.bus); // which may end before it has heard of this
  self->set_down_handler([&state](const caf::down_msg& x) { state.on_down(x); });
  self->set_error_handler([](caf::error&) {});
  self->add_doorman(std::move(listener));
  return {
      [&state](const stop_if_idle&) { return state.on_stop_if_idle(); },
      [&state](const close_listener& x) { return state.on_close_listener(x); },
      [&state](const read_load&) { return state.on_read_load(); },
      [&state](const reconfigure& x) { return state.on_reconfigure(x); },
      [&state](const caf::io::new_connection_msg& x) { state.on_connection(x); },
      [&state](const caf::io::acceptor_closed_msg&) { state.on_acceptor_closed(); },
      [&state](const session_established& x) { state.on_established(x); },
      [&state](const first_frame_due&) { state.on_first_frame_due(); },
      [&state](const evict_half_open&) { state.on_evict_half_open(); },
  };
}

void spawn_socket_broker(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                         unique_fd listening, const own_file& file, bool shared) {
  auto& middleman = system.middleman();
  auto fd = listening.release();
  auto doorman = shared ? make_shared_doorman(system, fd) : make_socket_doorman(system, fd);
  auto broker = middleman.spawn_broker(socket_broker, std::move(doorman), parts, options, &system_socket_calls(),
                                       shared ? own_file{} : file);
  caf::anon_send(parts.bus, attach_listener{broker});
}

} // namespace cafbus
