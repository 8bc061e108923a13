#pragma once
#include "config/link_limits.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"
#include "messages/link_actors.hpp"
#include "messages/link_reader.hpp"
#include "messages/node_events.hpp"

#include <algorithm>
#include <array>
#include <caf/typed_response_promise.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <spdlog/logger.h>

namespace cafbus {

/// Limits of log lines that all connections of one listener or connector share, since whoever is refused comes again on
/// a new one. Any thread.
struct link_logs {
  log::shared_limit tls;
  log::shared_limit overdue;
  log::shared_limit not_allowed;
  std::array<log::shared_limit, static_cast<size_t>(link_offence::not_asked_for) + 1> offences;
};

/// Between whom a talk is, as this end knows it.
struct link_talk_terms {
  link_side side = link_side::answerer;
  link_transport transport = link_transport::plain;
  std::string where;         ///< The other end, for the log.
  node_gate_actor gate;      ///< Answerer: this bus's.
  caf::actor_addr connector; ///< Caller: the connection ends with it.
  std::shared_ptr<link_logs> logs;
};

/// One end's part of what is said on a link, whatever its bytes travel in: turns the messages between import and export
/// into frames and back, lets through only what may come, and notices a peer that is silent. The state of a session
/// derives from it and carries the bytes: a socket (link_session), or messages between CAF nodes (remote_session).
///
/// Invariant: `greeted`, `welcomed`, `interest` and `taken` hold whoever waits for a frame of the peer.
/// @tparam Pointer To an actor that has the handlers of gate, export and import, `link_overdue` and `link_tick`.
template <class Pointer>
struct link_talk {
  link_talk() = default;
  link_talk(const link_talk&) = delete;
  link_talk& operator=(const link_talk&) = delete;
  virtual ~link_talk() = default;

  enum class link_phase : uint8_t {
    securing,     ///< The TLS handshake is under way.
    greeting,     ///< The peer's greeting has not come.
    introduction, ///< Neither hello nor welcome has been answered.
    open,         ///< A link: interest and events pass.
    ended,
  };

  // -- what carries the bytes ----------------------------------------------------------------------------------------

  virtual void write_bytes(std::string_view bytes) = 0;

  /// The last words, if they can be said.
  virtual void say_bye(const std::string& why) = 0;

  /// Nothing passes any more. @param stays The actor lives on until the connector has asked how it went.
  virtual void cut(bool stays) = 0;

  /// Whether an answer that the peer can bring about at will may be sent: it has read those before.
  virtual bool has_room_for_answer(size_t) { return true; }

  /// Answerer: this is a link now.
  virtual void on_established() {}

  /// What a person may do about a call that has failed.
  virtual std::string explained(const std::string& why) const { return why; }

  virtual void schedule_tick() {
    const caf::timespan left = last_heard + defaults::link_silence_timeout - self->clock().now();
    const auto pause = std::clamp<caf::timespan>(left, {}, defaults::link_ping_interval);
    self->delayed_send(self, pause, link_tick{});
  }

  // -- life ----------------------------------------------------------------------------------------------------------

  void begin(Pointer own, const std::shared_ptr<const link_talk_terms>& x) {
    self = own;
    talk = x;
    reader.emplace(talk->side);
    peer.transport = talk->transport;
    last_heard = self->clock().now();
    self->set_exit_handler([this](const caf::exit_msg&) { end("ended by this bus"); });
    self->set_error_handler([](caf::error&) {}); // requests have their own
    self->set_exception_handler([this](std::exception_ptr&) -> caf::error {
      end("no memory for it");
      return caf::exit_reason::user_shutdown;
    });
    if (talk->connector)
      self->monitor(talk->connector);
    self->delayed_send(self, defaults::node_connect_timeout, link_overdue{});
  }

  /// The connector's end ends the connection; so does that of whoever uses it.
  void on_down(const caf::down_msg& x) {
    if (phase == link_phase::ended)
      return leave(caf::exit_reason::user_shutdown);
    end(x.source == talk->connector ? "ended by this bus" : "the other end of the link has ended in this bus");
  }

  void on_overdue() {
    if (phase == link_phase::open || phase == link_phase::ended)
      return;
    if (auto times = talk->logs->overdue.pass(self->clock().now()))
      log::link().warn("link-overdue peer={} times={}", log::quoted(talk->where), *times);
    end(phase == link_phase::securing ? "the TLS handshake took too long" : "it has not introduced itself in time");
  }

  void on_tick() {
    if (phase != link_phase::open)
      return;
    if (self->clock().now() - last_heard >= defaults::link_silence_timeout)
      return end("it has been silent for too long");
    reader->tick();
    write(link_kind::ping, link_ping{});
    if (phase == link_phase::open)
      schedule_tick();
  }

  void offend(link_offence x) {
    if (auto times = talk->logs->offences[static_cast<size_t>(x)].pass(self->clock().now()))
      log::link().warn("link-offence peer={} certificate={} offence={} reason={} times={}", log::quoted(talk->where),
                       log::quoted(peer.certificate), to_string(x), log::quoted(text_of(x)), *times);
    end(text_of(x));
  }

  /// Whoever waits for a frame learns why none will come; the partner in this process notices the end.
  void end(const std::string& why) {
    if (phase == link_phase::ended)
      return;
    say_bye(why);
    phase = link_phase::ended;
    log::link().debug("link-closed peer={} reason={}", log::quoted(talk->where), log::quoted(why));
    if (greeted.pending())
      greeted.deliver(link_ended(explained(why)));
    if (welcomed.pending())
      welcomed.deliver(link_ended(why));
    const auto stays = talk->side == link_side::caller && !asked;
    cut(stays);
    if (stays)
      ended_by = explained(why);
    else
      leave(link_ended(why));
  }

  /// Whom it has monitored lives on, and would keep its memory.
  void leave(const caf::error& why) {
    if (talk->connector)
      self->demonitor(talk->connector);
    if (importer)
      self->demonitor(importer.address());
    self->quit(why);
  }

  // -- greeting and introduction -------------------------------------------------------------------------------------

  /// From the connector.
  caf::result<node_gate_actor> on_await_greeting() {
    asked = true;
    if (phase == link_phase::introduction)
      return node_gate_actor{self};
    if (phase == link_phase::ended) {
      leave(caf::exit_reason::user_shutdown);
      return link_ended(ended_by);
    }
    greeted = self->template make_response_promise<node_gate_actor>();
    return greeted;
  }

  void on_greeting() {
    phase = link_phase::introduction;
    if (talk->side == link_side::answerer)
      write_bytes(encode_link(link_greeting{}));
    else if (greeted.pending())
      greeted.deliver(node_gate_actor{self});
  }

  /// From the import: the other bus is to be told who calls. What the import says of the peer it has from nowhere.
  caf::result<node_welcome> on_hello(const node_hello& x) {
    if (phase != link_phase::introduction || talk->side != link_side::caller || importer)
      return caf::sec::unexpected_message;
    importer = x.importer;
    self->monitor(importer);
    welcomed = self->template make_response_promise<node_welcome>();
    write(link_kind::hello, link_hello{x.node, x.name, may_resume() ? std::optional{x.resume} : std::nullopt});
    return welcomed;
  }

  void on_peer_welcome(const link_welcome& x) {
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

  void on_peer_hello(const link_hello& x) {
    if (!not_allowed.empty())
      return welcome({0, not_allowed});
    self->request(talk->gate, defaults::node_connect_timeout,
                  node_hello{x.node, x.name, node_import_actor{self}, peer, reader->protocol(),
                             x.resume.value_or(link_resume{})})
        .then([this](const node_welcome& y) { welcome(y); },
              [this](const caf::error&) { end("this bus is stopping"); });
  }

  void welcome(const node_welcome& x) {
    if (phase != link_phase::introduction)
      return;
    write(link_kind::welcome, link_welcome{x.node, x.refused, may_resume() ? std::optional{x.held} : std::nullopt});
    if (!x.refused.empty())
      return; // it ends the connection, or its time does
    exporter = x.exporter;
    self->monitor(exporter);
    phase = link_phase::open;
    schedule_tick();
    on_established();
  }

  bool may_resume() const { return reader->protocol() >= first_protocol_with_resume; }

  // -- a link --------------------------------------------------------------------------------------------------------

  /// From the peer; whatever they say.
  void on_bytes(std::string_view bytes) {
    while (!bytes.empty() && phase != link_phase::ended) {
      bytes.remove_prefix(reader->read(bytes));
      if (auto offence = reader->offence())
        return offend(*offence);
      if (auto frame = reader->frame())
        on_frame(std::move(*frame));
    }
  }

  void write(link_kind kind, const link_frame& x) {
    if (phase == link_phase::ended)
      return;
    const auto bytes = encode_link(x);
    const auto is_answer =
        kind == link_kind::pong || kind == link_kind::interest_taken || kind == link_kind::events_taken;
    if (is_answer && !has_room_for_answer(bytes.size()))
      return offend(link_offence::flood);
    reader->sent(kind);
    write_bytes(bytes);
  }

  void on_frame(link_frame x) {
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
  caf::result<node_interest_taken> on_interest(node_interest& x) {
    if (phase != link_phase::open || talk->side != link_side::caller || interest.pending())
      return caf::sec::unexpected_message;
    interest = self->template make_response_promise<node_interest_taken>();
    write(link_kind::interest, link_frame{std::move(x)});
    return interest;
  }

  void on_peer_interest(node_interest x) {
    self->request(exporter, caf::infinite, std::move(x))
        .then([this](const node_interest_taken&) { write(link_kind::interest_taken, link_interest_taken{}); },
              [this](const caf::error&) { end("this bus is stopping"); });
  }

  /// From the export, which keeps to the window.
  caf::result<node_events_taken> on_events(node_events& x) {
    if (phase != link_phase::open || talk->side != link_side::answerer)
      return caf::sec::unexpected_message;
    taken.push_back(self->template make_response_promise<node_events_taken>());
    auto promise = taken.back();
    write(link_kind::events, link_frame{link_events{std::move(x.body)}});
    return promise;
  }

  void on_peer_events(link_events x) {
    self->request(importer, caf::infinite, node_events{std::move(x.body)})
        .then([this](const node_events_taken&) { write(link_kind::events_taken, link_events_taken{}); },
              [this](const caf::error&) { end("this bus has given the link up"); });
  }

  // ------------------------------------------------------------------------------------------------------------------

  Pointer self = nullptr;
  std::shared_ptr<const link_talk_terms> talk;
  link_phase phase = link_phase::securing;
  std::optional<link_reader> reader;
  link_peer peer;          // as this end has found out, or was told by its program
  std::string not_allowed; // answerer: what a hello is answered with
  caf::actor_clock::time_point last_heard{};

  node_import_actor importer; // caller
  node_export_actor exporter; // answerer
  bool asked = false;         // caller: the connector waits for the greeting, or has
  std::string ended_by;       // caller: why it has ended, for a connector that has not asked yet
  caf::typed_response_promise<node_gate_actor> greeted;
  caf::typed_response_promise<node_welcome> welcomed;
  caf::typed_response_promise<node_interest_taken> interest;
  std::deque<caf::typed_response_promise<node_events_taken>> taken;
};

} // namespace cafbus
