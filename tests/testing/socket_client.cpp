#include "testing/client_state.hpp"

#include "messages/frame_codec.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace cafbus::testing {

namespace {

using std::chrono::nanoseconds;

/// A bus that accepts nobody for a while is asked again.
constexpr auto connect_pause = std::chrono::milliseconds{10};

/// Decisions of so many pieces of one client have numbers of their own.
constexpr uint64_t pieces_of_a_client = 1'000'000'000;

// -- the client's turns ----------------------------------------------------------------------------------------------

struct client_turns {
  static inline const char* name = "client";
  explicit client_turns(client_actor::pointer self) : self{self} {}

  void on_stirs() {
    x->stirring = false;
    if (!x->connected && !connect())
      return;
    begin_to_arrive();
    begin_to_read();
    tell_session();
  }

  bool connect() {
    using enum simulated_network::connecting;
    if (x->refused)
      return false;
    x->network->socket(x->fd).room = std::max<size_t>(1, x->script.socket_bytes);
    x->network->socket(x->fd).pid = x->fd;
    const auto how = x->network->connect(x->listener, x->fd, [y = x.get()] { y->stir(); });
    x->connected = how == connected;
    x->refused = how == refused;
    if (how == waits) {
      x->stirring = true;
      self->delayed_send(self, connect_pause, wire_stirs{});
    }
    return x->connected;
  }

  // -- to the bus

  void begin_to_arrive() {
    if (x->arriving || (x->outgoing.empty() && (!x->ends || socket().ended)))
      return;
    x->arriving = true;
    later(bytes_arrive{});
  }

  void on_arrive() {
    x->arriving = false;
    const auto n = x->outgoing.size() - held_back(x->outgoing.size());
    if (!socket().shut && !socket().was_reset)
      socket().sent.append(x->outgoing, 0, n);
    x->outgoing.erase(0, n);
    if (x->ends && x->outgoing.empty()) {
      socket().ended = true;
      socket().broken = socket().broken || x->closes;
    }
    begin_to_arrive();
    tell_session();
  }

  /// As a level-triggered loop does: for as long as there is something.
  void tell_session() {
    auto* scribe = x->network->scribe(x->fd);
    if (!scribe)
      return;
    const auto is_over = socket().was_reset || socket().ended;
    if (scribe->is_reading() && (!socket().sent.empty() || is_over)) {
      scribe->become_readable();
      if (auto* still = x->network->scribe(x->fd); still && still->is_reading() && !socket().sent.empty())
        x->stir();
    } else if ((socket().was_reset || socket().broken) && !scribe->wr_buf().empty()) {
      scribe->fail_writing();
    }
  }

  // -- from the bus

  void begin_to_read() {
    if (x->reading || x->closed || x->stuck || x->closes)
      return;
    const auto* scribe = x->network->scribe(x->fd);
    if (socket().received.empty() && !socket().shut && !(scribe && has_written()))
      return;
    x->reading = true;
    later(client_reads{});
  }

  bool has_written() { return !x->network->scribe(x->fd)->wr_buf().empty(); }

  void on_read() {
    x->reading = false;
    if (x->stuck || x->closes)
      return;
    auto& received = socket().received;
    const auto n = received.size() - held_back(received.size());
    const auto piece = received.substr(0, n);
    received.erase(0, n);
    socket().room += n;
    if (auto* scribe = x->network->scribe(x->fd); scribe && !socket().was_reset)
      scribe->write_to(socket());
    take(piece);
    if (received.empty() && socket().shut && !x->closed) {
      x->closed = true;
      x->on_end();
    }
    begin_to_read();
  }

  void take(std::string_view piece) {
    if (x->script.on_bytes && !piece.empty())
      x->script.on_bytes(piece);
    x->unread += piece;
    for (auto end = x->unread.find('\n'); end != std::string::npos; end = x->unread.find('\n')) {
      auto line = x->unread.substr(0, end);
      x->unread.erase(0, end + 1);
      on_line(line);
      x->lines.push_back(std::move(line));
      if (x->lines.size() > max_lines)
        x->lines.pop_front();
    }
  }

  void on_line(const std::string& line) {
    constexpr size_t readable_behind = 64; // of the reader
    auto copy = line + std::string(readable_behind, '\0');
    if (auto event = x->reader.read({copy.data(), line.size()})) {
      ++x->events;
      x->on_event(*event);
      check_holes(event->seq);
      return;
    }
    x->on_line(line);
    auto decoded = decode(line);
    auto* found = std::get_if<frame>(&decoded);
    if (!found)
      x->on_breach("a line that is no frame: " + line);
    else if (auto* ack = std::get_if<hello_ack>(found))
      on_hello_ack(*ack);
    else if (auto* gap = std::get_if<gap_frame>(found))
      on_gap(*gap);
    else if (auto* totals = std::get_if<publish_ack>(found))
      on_totals(*totals);
  }

  void on_hello_ack(const hello_ack& ack) {
    if (x->admitted)
      x->on_breach("two answers to one hello");
    x->admitted = !ack.rejected;
    x->on_ack(ack);
  }

  // -- holes: each is told where it is

  void check_holes(uint64_t seq) {
    if (x->is_plain() && seq != x->last_seq + 1)
      x->on_breach("event " + std::to_string(seq) + " after " + std::to_string(x->last_seq) +
                   ", and nobody told of what was lost");
    x->last_seq = seq;
  }

  void on_gap(const gap_frame& gap) {
    x->lost += gap.count;
    if (gap.to_seq < gap.from_seq)
      return; // from before it came
    if (gap.from_seq != x->last_seq + 1 || gap.count != gap.to_seq + 1 - gap.from_seq)
      x->on_breach("a gap from " + std::to_string(gap.from_seq) + " to " + std::to_string(gap.to_seq) + " of " +
                   std::to_string(gap.count) + ", after " + std::to_string(x->last_seq));
    x->last_seq = gap.to_seq;
  }

  // -- what it has published

  void on_totals(const publish_ack& y) {
    auto answered = [](const publish_ack& z) { return z.accepted + z.duplicates + z.rejected; };
    if (answered(y) < answered(x->totals) || answered(y) - answered(x->totals) > x->unanswered.size())
      return x->on_breach(std::to_string(answered(y)) + " events are acknowledged, " +
                          std::to_string(answered(x->totals)) + " were before, and " +
                          std::to_string(x->unanswered.size()) + " are not yet");
    for (auto n = answered(y) - answered(x->totals); n > 0; --n) {
      x->on_taken(x->unanswered.front());
      x->unanswered.pop_front();
    }
    x->totals = y;
  }

  // -- by decision

  uint64_t decide(uint64_t n, uint32_t of_a_thousand) {
    return x->lot->wire(static_cast<uint64_t>(x->fd) * pieces_of_a_client + ++x->pieces, n, of_a_thousand);
  }

  /// Bytes of a piece that come later.
  size_t held_back(size_t size) {
    const auto splits = x->script.wire.splits;
    return size < 2 || splits == 0 ? 0 : static_cast<size_t>(decide(size, splits));
  }

  template <class Message>
  void later(const Message& message) {
    const auto& wire = x->script.wire;
    auto time = wire.gathers + wire.shortest;
    if (wire.longest > wire.shortest)
      time += nanoseconds{decide(static_cast<uint64_t>((wire.longest - wire.shortest).count()) + 1, 1000)};
    if (time.count() > 0)
      self->delayed_send(self, time, message);
    else
      self->send(self, message);
  }

  scripted_calls::socket& socket() { return x->network->socket(x->fd); }

  client_actor::pointer self;
  std::shared_ptr<socket_client::state> x;

  static constexpr size_t max_lines = socket_client::max_lines;
};

client_actor::behavior_type client(client_actor::stateful_pointer<client_turns> self,
                                   const std::shared_ptr<socket_client::state>& x) {
  auto& state = self->state;
  state.x = x;
  return {[&state](const wire_stirs&) { state.on_stirs(); }, [&state](const bytes_arrive&) { state.on_arrive(); },
          [&state](const client_reads&) { state.on_read(); }};
}

} // namespace

client_actor spawn_client(caf::actor_system& system, const std::shared_ptr<socket_client::state>& x) {
  return system.spawn(client, x);
}

void socket_client::state::stir() {
  if (stirring || !actor)
    return;
  stirring = true;
  caf::anon_send(actor, wire_stirs{});
}

bool socket_client::state::is_plain() const {
  const auto& y = script.wishes;
  return !script.types.empty() && y.patterns.empty() && y.filter.empty() && !y.replay && y.group.empty();
}

// -- as users call it ------------------------------------------------------------------------------------------------

socket_client::socket_client(std::shared_ptr<state> x) : state_{std::move(x)} {}

socket_client::~socket_client() = default;

void socket_client::send(std::string_view line) {
  send_bytes(std::string{line} + '\n');
}

void socket_client::send_bytes(std::string_view bytes) {
  if (state_->ends)
    return;
  state_->outgoing += bytes;
  state_->stir();
}

void socket_client::publish(const std::string& type) {
  if (state_->ends)
    return;
  auto& x = *state_;
  x.on_publish();
  x.unanswered.push_back(type);
  send(R"({"type":"publish","event_type":")" + type + R"(","payload":{"source":")" + x.name + R"(","n":)" +
       std::to_string(++x.published) + "}}");
}

void socket_client::wire(const wire_manners& x) {
  state_->script.wire = x;
}

void socket_client::half_close() {
  state_->ends = true;
  state_->stir();
}

void socket_client::close() {
  state_->closes = true;
  half_close();
}

void socket_client::reset() {
  auto& x = *state_;
  x.outgoing.clear();
  x.ends = x.closes = true;
  auto& socket = x.network->socket(x.fd);
  socket.was_reset = socket.broken = true;
  socket.sent.clear();
  socket.received.clear();
  x.stir();
}

void socket_client::stick() {
  state_->stuck = true;
}

void socket_client::release() {
  state_->stuck = false;
  state_->stir();
}

const std::string& socket_client::name() const {
  return state_->name;
}

bool socket_client::is_connected() const {
  return state_->connected;
}

bool socket_client::is_refused() const {
  return state_->refused;
}

bool socket_client::is_admitted() const {
  return state_->admitted;
}

bool socket_client::is_closed() const {
  return state_->closed;
}

const std::deque<std::string>& socket_client::lines() const {
  return state_->lines;
}

uint64_t socket_client::events() const {
  return state_->events;
}

uint64_t socket_client::told_as_lost() const {
  return state_->lost;
}

publish_ack socket_client::totals() const {
  return state_->totals;
}

} // namespace cafbus::testing
