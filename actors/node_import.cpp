#include "actors/node_import.hpp"

#include "actors/backoff.hpp"
#include "config/duration.hpp"
#include "config/log.hpp"
#include "messages/node_events.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <spdlog/logger.h>

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

/// Invariant: `exporter` is set iff the state is connected; `ticket` changes with each attempt and each end of a link,
/// so that answers to an earlier one are known as such.
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

  // -- the link
  // --------------------------------------------------------------------------------------------------------

  void connect() {
    if (stopping || exporter)
      return;
    auto attempt = ++ticket;
    report(source_state::connecting, "");
    self->request(options.connector, caf::infinite, connect_node{})
        .then(
            [this, attempt](const node_gate_actor& gate) {
              if (attempt == ticket)
                introduce(gate);
            },
            [this, attempt](const caf::error& e) {
              if (attempt == ticket)
                retry(text_of(e));
            });
  }

  std::string text_of(const caf::error& e) const {
    const auto& context = e.context();
    return context.match_elements<std::string>() ? context.get_as<std::string>(0) : self->system().render(e);
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
            [this, attempt](const caf::error&) {
              if (attempt == ticket)
                retry("it does not answer");
            });
  }

  void on_welcome(const node_welcome& x) {
    if (x.refused.empty() && x.exporter && x.protocol == node_protocol) {
      pauses.reset();
      exporter = x.exporter;
      told.reset();
      updating = false;
      link_dropped = 0;
      self->monitor(exporter);
      auto another = node != 0 && x.node != node;
      if (another)
        last_number = 0;
      resuming = last_number != 0;
      node = x.node;
      report(source_state::connected, another ? "the other bus has been started anew; what it had is lost" : "");
      update_interest();
    } else {
      retry("refused: " + (x.refused.empty() ? "it speaks another protocol" : x.refused));
    }
  }

  void on_down(const caf::down_msg& x) {
    if (exporter && x.source == exporter.address())
      lose("the connection is gone");
  }

  void lose(const std::string& why) {
    if (exporter) {
      self->demonitor(exporter.address());
      self->send_exit(exporter, caf::exit_reason::user_shutdown);
    }
    exporter = nullptr;
    dropped += link_dropped;
    link_dropped = 0;
    if (!stopping)
      retry(why);
  }

  void retry(const std::string& why) {
    auto pause = pauses.next();
    report(source_state::reconnecting, why + "; again in " + to_text(pause));
    self->delayed_send(self, pause, connect_due{++ticket});
  }

  void stop() {
    if (stopping)
      return;
    stopping = true;
    lose("stopped");
    report(source_state::disconnected, "stopped");
    self->send(options.parts.bus, source_ended{options.source, "stopped", false});
    self->quit(caf::exit_reason::user_shutdown);
  }

  void report(source_state to, const std::string& detail) {
    state = to;
    self->send(options.parts.hub, source_status{options.source, to, detail});
  }

  // -- what is wanted
  // --------------------------------------------------------------------------------------------------

  /// One update is under way at a time; what changes meanwhile travels in the next.
  void update_interest() {
    changed = true;
    if (!exporter || updating)
      return;
    updating = true;
    self->delayed_send(self, defaults::node_interest_pause, interest_due{ticket});
  }

  void on_interest_due(const interest_due& x) {
    if (x.ticket != ticket || !exporter)
      return;
    changed = false;
    self->request(options.parts.hub, caf::infinite, read_interest{node})
        .then([this, attempt = ticket](const node_interest& y) {
          if (attempt == ticket && exporter)
            tell(y);
        });
  }

  void tell(const node_interest& x) {
    if (told && *told == x) {
      updated();
      return;
    }
    told = x;
    self->request(exporter, caf::infinite, x).then([this, attempt = ticket](const node_interest_taken&) {
      if (attempt == ticket)
        updated();
    });
  }

  void updated() {
    updating = false;
    if (changed)
      update_interest();
  }

  // -- events
  // ----------------------------------------------------------------------------------------------------------

  caf::result<node_events_taken> on_events(node_events& x) {
    if (!exporter || self->current_sender() != exporter.address())
      return caf::sec::unexpected_message; // of a link that has been given up
    auto batch = to_batch(x);
    if (!batch) {
      log::link().warn("node-events-invalid peer={}", log::quoted(options.peer));
      lose("it has sent something that is no batch of events");
      return caf::sec::invalid_argument;
    }
    note_gap(*batch);
    received += batch->size();
    link_dropped = x.dropped;
    auto promise = self->make_response_promise<node_events_taken>();
    self->request(options.parts.hub, caf::infinite, publish{batch, 0})
        .then([promise](const published&) mutable { promise.deliver(node_events_taken{}); },
              [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
    return promise;
  }

  /// What the other bus took in while the link was down can be told from its numbering, when it goes on.
  void note_gap(const event_batch& batch) {
    for (const auto& x : batch.origins) {
      if (x.node != node)
        continue;
      if (resuming && x.number > last_number + 1) {
        auto gap = x.number - last_number - 1;
        missed += gap;
        report(source_state::connected, "it took in " + std::to_string(gap) + " events while the link was down");
      }
      resuming = false;
      last_number = std::max(last_number, x.number);
    }
  }

  link_report read() const {
    link_report result;
    result.peer = options.peer;
    result.direction = link_direction::in;
    result.state = state;
    result.node = node == 0 ? "" : node_text(node);
    result.types = exporter && told ? told->types.size() : 0; // a link that is down asks for nothing
    result.received = received;
    result.dropped = dropped + link_dropped;
    result.missed = missed;
    return result;
  }

  importing_actor::pointer self;
  node_import_options options;
  backoff pauses{defaults::source_backoff, defaults::source_backoff_max, 0};
  source_state state = source_state::connecting;
  node_export_actor exporter;
  uint64_t node = 0; // the other bus, as last known
  uint64_t ticket = 0;
  bool stopping = false;

  std::optional<node_interest> told; // over this link
  bool changed = false;              // since the hub was asked
  bool updating = false;

  bool resuming = false;    // no event of the other bus has come yet over this link, but over an earlier one
  uint64_t last_number = 0; // of the other bus's own events
  uint64_t received = 0;
  uint64_t missed = 0;
  uint64_t dropped = 0;      // by links that are gone
  uint64_t link_dropped = 0; // by this one
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
