#include "actors/node_import.hpp"

#include "actors/backoff.hpp"
#include "actors/interest_builder.hpp"
#include "actors/link_streams.hpp"
#include "config/duration.hpp"
#include "config/link_limits.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"
#include "messages/node_events.hpp"
#include "messages/type_pattern.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <spdlog/logger.h>
#include <unordered_set>

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

/// How far the other bus knows what is wanted.
enum class telling : uint8_t {
  settled,       ///< As of the last time that something changed.
  pausing,       ///< Something has changed; what changes within the pause travels along.
  asking,        ///< The hub or the other bus has not answered.
  asking_change, ///< The same, and something has changed meanwhile.
};

/// The other bus, over one connection.
struct import_link {
  import_link(uint64_t self, const node_welcome& x)
    : exporter{x.exporter}, node{x.node}, peer{x.peer}, decoder{{self, x.node, x.protocol}} {}

  /// Whether an event of that type was asked for over this link; what is not wanted any more may be on its way still.
  bool may_send(const std::string& type) const {
    auto stands_for = [&](const std::string& pattern) { return matches(pattern, type); };
    return peer.rights.publish.admits(type) &&
           (asked.contains(type) || std::ranges::any_of(asked_patterns, stands_for));
  }

  void note_asked(const node_interest& x) {
    if (asked.size() + asked_patterns.size() > 2 * defaults::max_node_types) {
      asked.clear(); // long gone; what is still on its way of those ends the link, which then comes again
      asked_patterns.clear();
    }
    for (size_t i = 0; i < x.types.size(); ++i)
      if (is_pattern(x, i))
        asked_patterns.insert(x.types[i]);
      else
        asked.insert(x.types[i]);
  }

  node_export_actor exporter;
  uint64_t node;
  link_peer peer;
  events_decoder decoder;
  telling interest = telling::settled;
  node_interest told;
  std::unordered_set<std::string> asked;
  std::unordered_set<std::string> asked_patterns;
  uint64_t dropped = 0;
};

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

  void lose(const std::string& why) {
    if (link) {
      self->demonitor(link->exporter.address());
      self->send_exit(link->exporter, caf::exit_reason::user_shutdown);
      dropped += link->dropped;
      link.reset();
    }
    retry(why);
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
    lose("stopped");
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
            tell(limited(std::move(y)));
        });
  }

  /// Without what the other bus may not publish here, and no longer than a message may be.
  node_interest limited(node_interest wanted) {
    auto x = narrowed(std::move(wanted), link->peer.rights.publish);
    node_interest result;
    size_t bytes = 0;
    size_t left_out = 0;
    for (size_t i = 0; i < x.types.size(); ++i) {
      bytes += link_interest_bytes(x.types[i], x.via[i]);
      if (bytes > defaults::max_link_interest_bytes - sizeof(uint32_t) ||
          result.types.size() == defaults::max_node_types) {
        ++left_out;
        continue;
      }
      result.types.push_back(std::move(x.types[i]));
      result.via.push_back(std::move(x.via[i]));
      result.is_pattern.push_back(is_pattern(x, i));
    }
    if (left_out != 0)
      if (auto times = interest_log.allow(self->clock().now()))
        log::link().error("node-interest-too-large peer={} types={} left-out={} times={}", log::quoted(options.peer),
                          result.types.size(), left_out, *times);
    return result;
  }

  void tell(node_interest x) {
    if (link->told == x)
      return updated();
    link->note_asked(x);
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
    auto decoded = link->decoder.decode(std::move(x), [this](const std::string& type) { return link->may_send(type); });
    if (decoded.offence) {
      on_offence(*decoded.offence);
      return caf::sec::invalid_argument;
    }
    link->dropped = decoded.dropped;
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
    if (auto times = offence_log.allow(self->clock().now()))
      log::link().warn("link-offence peer={} certificate={} offence={} reason={} times={}", log::quoted(options.peer),
                       log::quoted(link->peer.certificate), to_string(x), log::quoted(text_of(x)), *times);
    lose(text_of(x));
  }

  link_report read() const {
    link_report result;
    result.peer = link ? described(options.peer, link->peer) : options.peer;
    result.direction = link_direction::in;
    result.state = state;
    result.node = node == 0 ? "" : node_text(node);
    result.types = link ? link->told.types.size() : 0; // a link that is down asks for nothing
    result.received = received;
    result.dropped = dropped + (link ? link->dropped : 0);
    result.missed = missed;
    return result;
  }

  importing_actor::pointer self;
  node_import_options options;
  backoff pauses{defaults::source_backoff, defaults::source_backoff_max, 0};
  source_state state = source_state::connecting;
  std::optional<import_link> link;
  uint64_t node = 0; // the other bus, as last known
  uint64_t ticket = 0;

  link_streams streams;
  bool resuming = false; // the other bus, reached again, has not said yet how far its streams are
  uint64_t received = 0;
  uint64_t missed = 0;
  uint64_t dropped = 0; // by links that are gone
  log::limit offence_log;
  log::limit interest_log;
};

importing_actor::behavior_type node_import(importing_actor::stateful_pointer<node_import_state> self,
                                           const node_import_options& options) {
  auto& state = self->state;
  state.options = options;
  state.pauses = backoff{defaults::source_backoff, defaults::source_backoff_max, options.seed};
  self->set_down_handler([&state](const caf::down_msg& x) { state.on_down(x); });
  self->set_error_handler([](caf::error&) {}); // requests have their own
  self->send(options.parts.hub, attach_link{self});
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

source_actor spawn_node_import(caf::actor_system& system, node_import_options options) {
  return system.spawn(node_import, options);
}

} // namespace cafbus
