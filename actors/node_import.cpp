#include "actors/node_import.hpp"

#include "actors/backoff.hpp"
#include "actors/import_link.hpp"
#include "actors/link_streams.hpp"
#include "config/duration.hpp"
#include "config/link_limits.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"
#include "messages/node_events.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <limits.h>
#include <spdlog/logger.h>
#include <unistd.h>

namespace cafbus {

namespace {

/// INTERNAL timers; stale unless the ticket is the current one.
struct connect_due {
  uint64_t ticket = 0;
};
struct interest_due {
  uint64_t ticket = 0;
};

} // namespace

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::connect_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::interest_due)

namespace cafbus {

namespace {

using importing_actor =
    source_actor::extend_with<node_import_actor>::extend_with<node_link_actor>::extend<caf::reacts_to<connect_due>,
                                                                                       caf::reacts_to<interest_due>>;

/// Invariant: `link` is set iff the state is connected; `ticket` changes with each attempt and each end of a link, so
/// that answers to an earlier one are known as such.
struct node_import_state {
  static inline const char* name = "node-import";

  explicit node_import_state(importing_actor::pointer self) : self{self} {}
  node_import_state(const node_import_state&) = delete;
  node_import_state& operator=(const node_import_state&) = delete;

  ~node_import_state() {
    if (options.abandon)
      options.abandon();
    caf::anon_send_exit(options.connector, caf::exit_reason::user_shutdown);
  }

  // -- the link ------------------------------------------------------------------------------------------------------

  void connect() {
    if (state == source_state::disconnected || link)
      return;
    auto attempt = ++ticket;
    report(source_state::connecting, "");
    self->request(options.connector, caf::infinite, connect_node{})
        .then(
            [this, attempt](const node_gate_actor& gate) {
              if (attempt == ticket)
                introduce(gate);
              else
                caf::anon_send_exit(gate, caf::exit_reason::user_shutdown);
            },
            [this, attempt](const caf::error& e) {
              if (attempt == ticket)
                retry(why_ended(e, self->system().render(e)));
            });
  }

  void introduce(const node_gate_actor& gate) {
    node_hello hello;
    hello.node = options.parts.node;
    hello.name = options.name;
    hello.importer = self;
    hello.resume = {node, service.number, service.taken};
    auto attempt = ticket;
    self->request(gate, defaults::node_connect_timeout, hello)
        .then(
            [this, attempt](const node_welcome& x) {
              if (attempt == ticket)
                on_welcome(x);
            },
            [this, attempt, gate](const caf::error&) {
              caf::anon_send_exit(gate, caf::exit_reason::user_shutdown);
              if (attempt == ticket)
                retry("it does not answer");
            });
  }

  void on_welcome(const node_welcome& x) {
    auto refused = x.refused;
    if (refused.empty() && (!x.exporter || x.node == 0))
      refused = "its introduction is not complete";
    if (refused.empty() && x.node == options.parts.node)
      refused = "it is this bus itself";
    if (!refused.empty())
      return retry("refused: " + refused);
    pauses.reset();
    link.emplace(options.parts.node, x);
    self->monitor(link->exporter);
    if (!x.held.resumed || x.held.number != service.number)
      forget_service(x.held.number);
    auto another = node != 0 && x.node != node;
    resuming = node != 0;
    node = x.node;
    streams.connected(node);
    report(source_state::connected, another ? "the other bus has been started anew; what it had is lost" : "");
    update_interest();
  }

  void on_down(const caf::down_msg& x) {
    if (link && x.source == link->exporter.address())
      lose(why_ended(x.reason, "the connection is gone"));
  }

  void forget_service(uint64_t next = 0) {
    dropped += service.dropped;
    service = {};
    service.number = next;
  }

  void lose(const std::string& why) {
    if (link) {
      self->demonitor(link->exporter.address());
      self->send_exit(link->exporter, caf::exit_reason::user_shutdown);
      link.reset();
    }
    retry(why);
  }

  /// Not to come back: the other bus is to keep nothing.
  void leave(const std::string& why) {
    if (link)
      self->request(link->exporter, caf::infinite, node_interest{})
          .then([](const node_interest_taken&) {}, [](const caf::error&) {});
    forget_service();
    lose(why);
  }

  void retry(const std::string& why) {
    ++ticket;
    if (state == source_state::disconnected)
      return;
    auto pause = pauses.next();
    report(source_state::reconnecting, why + "; again in " + to_text(pause));
    self->delayed_send(self, pause, connect_due{ticket});
  }

  void stop() {
    if (state == source_state::disconnected)
      return;
    report(source_state::disconnected, "stopped");
    pass_on(streams.end());
    leave("stopped");
    self->send(options.parts.bus, source_ended{options.source, "stopped", false});
    self->quit(caf::exit_reason::user_shutdown);
  }

  void report(source_state to, const std::string& detail) {
    state = to;
    self->send(options.parts.hub, source_status{options.source, to, detail});
  }

  // -- what is wanted ------------------------------------------------------------------------------------------------

  /// One update is under way at a time; what changes meanwhile travels in the next.
  void update_interest() {
    if (!link)
      return;
    if (link->interest == telling::asking)
      link->interest = telling::asking_change;
    if (link->interest != telling::settled)
      return;
    link->interest = telling::pausing;
    self->delayed_send(self, defaults::node_interest_pause, interest_due{ticket});
  }

  void on_interest_due(const interest_due& x) {
    if (x.ticket != ticket || !link)
      return;
    link->interest = telling::asking;
    self->request(options.parts.hub, caf::infinite, read_interest{node})
        .then([this, attempt = ticket](node_interest& y) {
          if (attempt == ticket && link)
            tell(limited_by_link(std::move(y)));
        });
  }

  node_interest limited_by_link(node_interest wanted) {
    auto x = limited(std::move(wanted), link->peer.rights.publish);
    if (x.left_out != 0)
      if (auto times = interest_log.pass(self->clock().now()))
        log::link().error("node-interest-too-large peer={} types={} left-out={} times={}", log::quoted(options.peer),
                          x.wanted.types.size(), x.left_out, *times);
    return std::move(x.wanted);
  }

  void tell(node_interest x) {
    if (link->told == x)
      return updated();
    service.note_asked(x);
    link->told = x;
    pass_on(streams.ask(x));
    self->request(link->exporter, caf::infinite, std::move(x))
        .then(
            [this, attempt = ticket](const node_interest_taken&) {
              if (attempt == ticket && link)
                updated();
            },
            [](const caf::error&) {}); // its end is noticed
  }

  void updated() {
    auto changed = link->interest == telling::asking_change;
    link->interest = telling::settled;
    if (changed)
      update_interest();
  }

  // -- events --------------------------------------------------------------------------------------------------------

  caf::result<node_events_taken> on_events(node_events& x) {
    if (!link || self->current_sender() != link->exporter.address())
      return caf::sec::unexpected_message; // of a link that has been given up
    auto decoded = link->decoder.decode(std::move(x), [this](const std::string& type) {
      return link->peer.rights.publish.admits(type) && service.was_asked(type);
    });
    if (decoded.offence) {
      on_offence(*decoded.offence);
      return caf::sec::invalid_argument;
    }
    ++service.taken;
    service.dropped = decoded.dropped;
    take_note(decoded);
    if (!decoded.batch)
      return node_events_taken{};
    received += decoded.batch->size();
    auto promise = self->make_response_promise<node_events_taken>();
    self->request(options.parts.hub, caf::infinite, publish{decoded.batch, 0})
        .then([promise](const published&) mutable { promise.deliver(node_events_taken{}); },
              [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
    return promise;
  }

  /// What is missing is told before what has come.
  void take_note(const decoded_events& x) {
    stream_news news;
    if (x.batch)
      for (uint32_t i = 0; i < x.batch->size(); ++i)
        streams.on_event(x.batch->origins[i], x.batch->type(i), news);
    streams.on_list(x.streams, x.answered, x.complete, news);
    pass_on(std::move(news));
    if (x.complete)
      resuming = false;
  }

  void pass_on(stream_news news) {
    if (news.empty())
      return;
    self->request(options.parts.hub, caf::infinite, std::move(news))
        .then(
            [this, resumed = resuming](const stream_news_taken& x) {
              missed += x.lost;
              if (x.lost != 0 && resumed && state == source_state::connected)
                report(state, std::to_string(x.lost) + " events were lost while the link was down");
            },
            [](const caf::error&) {}); // the bus ends
  }

  void on_offence(link_offence x) {
    if (auto times = offence_log.pass(self->clock().now()))
      log::link().warn("link-offence peer={} certificate={} offence={} reason={} times={}", log::quoted(options.peer),
                       log::quoted(link->peer.certificate), to_string(x), log::quoted(text_of(x)), *times);
    leave(text_of(x));
  }

  link_report read() const {
    link_report result;
    result.peer = link ? described(options.peer, link->peer) : options.peer;
    result.direction = link_direction::in;
    result.state = state;
    result.node = node == 0 ? "" : node_text(node);
    result.types = link ? link->told.types.size() : 0; // a link that is down asks for nothing
    result.received = received;
    result.dropped = dropped + service.dropped;
    result.missed = missed;
    return result;
  }

  importing_actor::pointer self;
  node_import_options options;
  backoff pauses{defaults::source_backoff, defaults::link_backoff_max, 0};
  source_state state = source_state::connecting;
  std::optional<import_link> link;
  import_service service;
  uint64_t node = 0; // the other bus, as last known
  uint64_t ticket = 0;

  link_streams streams;
  bool resuming = false; // the other bus, reached again, has not said yet how far its streams are
  uint64_t received = 0;
  uint64_t missed = 0;
  uint64_t dropped = 0; // by exports that are gone
  log::limit offence_log;
  log::limit interest_log;
};

importing_actor::behavior_type node_import(importing_actor::stateful_pointer<node_import_state> self,
                                           const node_import_options& options) {
  auto& state = self->state;
  state.options = options;
  state.pauses = backoff{defaults::source_backoff, defaults::link_backoff_max, options.seed};
  self->set_down_handler([&state](const caf::down_msg& x) { state.on_down(x); });
  self->set_error_handler([](caf::error&) {}); // requests have their own
  return {
      [&state](const start_source&) { state.connect(); },
      [&state](const stop_source&) { state.stop(); },
      [&state](node_events& x) { return state.on_events(x); },
      [&state](const interest_changed&) { state.update_interest(); },
      [](const streams_moved&) {}, // the exporting end's business
      [&state](const read_link&) { return state.read(); },
      [&state](const connect_due& x) {
        if (x.ticket == state.ticket)
          state.connect();
      },
      [&state](const interest_due& x) { state.on_interest_due(x); },
  };
}

} // namespace

std::string introduction_of(const bus_options& x) {
  char host[HOST_NAME_MAX + 1] = {};
  const auto known = ::gethostname(host, HOST_NAME_MAX) == 0;
  return x.app + ", process " + std::to_string(::getpid()) + " on " + (known ? host : "unknown");
}

source_actor spawn_node_import(caf::actor_system& system, node_import_options options) {
  auto result = system.spawn(node_import, options);
  caf::anon_send(options.parts.hub, attach_link{result}); // at once: whoever asks for the links now is told of it
  return result;
}

} // namespace cafbus
