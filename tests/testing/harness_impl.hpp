#pragma once
#include "io/sockets/socket_broker.hpp"
#include "testing/client_state.hpp"
#include "testing/harness.hpp"
#include "testing/node_wire.hpp"
#include "testing/run_trace.hpp"
#include "testing/schedule.hpp"
#include "testing/scripted_actors.hpp"
#include "testing/stream_ledger.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <deque>
#include <map>
#include <optional>
#include <set>

namespace cafbus::testing {

/// Deterministic, and without anything that an actor system reads from outside.
struct harness_config : caf::actor_system_config {
  explicit harness_config(const harness_options& x) {
    set("scheduler.policy", caf::atom("testing"));
    if (x.sockets)
      load<simulated_network>();
  }
};

/// Invariant: handles are held only here and in the actors; `end_all` lets go of all of them.
struct harness::impl {
  using time_point = caf::actor_clock::time_point;

  impl(run_plan plan, const harness_options& options);

  struct bus_entry {
    std::string name = {};
    bus_options options = {};
    bus_parts parts = {};
    node_gate_actor gate = {};
    socket_broker_actor listener = {}; // null: it has had no client yet
    caf::io::accept_handle listening = {};
    std::shared_ptr<duration> skew = std::make_shared<duration>(0); // its clock has it, too
    bool stopped = false;
  };
  struct link_entry {
    size_t from = 0;
    size_t to = 0;
    std::shared_ptr<node_wire> wire;
  };
  struct source_entry {
    size_t bus = 0;
    scripted_source_actor actor; // null: it is a client
    std::shared_ptr<source_record> record;
  };
  struct consumer_entry {
    size_t bus = 0;
    scripted_consumer_actor actor; // null: it is a client
    std::shared_ptr<consumer_record> record;
    int fd = 0;                    // of a client
    conn_actor conn;               // null: not admitted, yet or at all
    bool since_start = false;      // it was in before the first event
    std::set<size_t> peers_before; // of its subscription id, in when it came
    std::vector<uint64_t> seqs;
    uint64_t seen_local = 0; // of its own bus
    std::map<std::string, uint64_t, std::less<>> last_of_source;
    std::map<uint64_t, uint64_t> last_of_node;
  };
  struct client_entry {
    size_t bus = 0;
    std::shared_ptr<socket_client::state> state;
    std::unique_ptr<socket_client> handle;
  };
  struct actor_entry {
    uint32_t owner = 0; // 1 + the bus that it belongs to; 0: none
    bool is_hub = false;
  };
  struct user_law {
    std::string name;
    std::function<bool()> holds;
    bool broken = false;
  };
  using counters_of = std::vector<std::optional<conn_counters>>; // by consumer; nothing: its conn did not answer

  // -- time
  bool step();
  bool run_one_job();
  void explain_pick(size_t i);
  void run_front();
  void run_on(caf::execution_unit& host);
  void before_turn(caf::scheduled_actor& actor);
  void trace_message(const caf::scheduled_actor& to, const caf::mailbox_element& x);
  bool park_front();
  void unpark();
  void release_parked();
  std::optional<time_point> next_due() const;
  void advance_to(time_point x);
  void pass_to(time_point x);
  void run_for(duration x);
  void settle();
  bool eventually(const std::function<bool()>& predicate, duration within, const std::string& what);
  bool out_of_steps();

  // -- whose actor it is
  static constexpr size_t nobody = SIZE_MAX;
  size_t owner_of(caf::actor_id x) const;
  void own(caf::actor_id after, size_t bus);
  std::string name_of(const caf::abstract_actor* x) const;

  // -- laws
  void fail(const std::string& what);
  void check(const std::string& violation, const std::string& whom);
  void check_laws();
  void on_event(size_t consumer, const sighting& x);
  void check_source(consumer_entry& c, const sighting& x);
  void on_joined(size_t consumer, const joined& x);
  void on_hub_turn(size_t bus, const caf::mailbox_element& x);
  void on_publish(size_t bus, caf::actor_id sender, const publish& x);
  void check_counters();
  void check_links();
  void check_convergence();
  void probe(size_t bus, const std::string& type);
  counters_of read_counters();
  void check_consumers();
  void check_consumer(consumer_entry& c, const conn_counters& counters);
  void check_losses(consumer_entry& c, const conn_counters& counters);
  void check_isolation(const counters_of& counters);
  void check_buses();
  void check_leaving();
  void check_left(size_t bus, const status_response& x, bool& strangers);
  void check_stopping();
  bool lives(const consumer_entry& x) const {
    return x.conn && !x.record->over && !buses[x.bus].stopped && (x.fd == 0 || network->scribe(x.fd));
  }
  bool reaches(size_t from, size_t to) const;

  // -- clients
  void serve(size_t bus);
  void add_consumer_of(const client_entry& x);
  void add_source_of(const client_entry& x);
  void on_client_ack(size_t client, size_t consumer, const hello_ack& x);
  void on_client_event(size_t bus, size_t consumer, const event_frame& x);
  void settle_clients();
  void count_unanswered();
  void let_clients_leave();

  void note(const std::string& what);
  duration now() const { return scheduler.clock().now() - began; }
  void count_out(size_t bus);
  void end_users_of(size_t bus);
  void spawn_parts(size_t bus);
  wall_clock clock_of(const bus_entry& x);
  void attach_import(size_t link);
  void end_all();
  std::mt19937_64& stream(std::string_view name);

  /// Asks; the answer is handed over when it comes, if it does.
  template <class Answer, class Handle, class Question, class F>
  void ask(const Handle& whom, Question question, F f) {
    system.spawn<caf::hidden>([whom, question, f](caf::event_based_actor* self) {
      self->request(whom, std::chrono::seconds{30}, question)
          .then([f](const Answer& x) { f(x); }, [](const caf::error&) {});
    });
  }

  harness_config config;
  caf::actor_system system;
  caf::scheduler::test_coordinator& scheduler;
  std::mt19937_64 random;
  schedule lot;
  simulated_network* network;          // null: without sockets
  std::deque<std::mt19937_64> streams; // outlive the actors that draw from them
  time_point began;
  uint64_t steps = 0;
  uint64_t seen = 0;
  uint64_t told = 0;
  uint64_t last_restart = 0;
  bool anything_published = false;

  uint64_t restless = 0; // steps since no actor had a message
  uint64_t restless_limit = harness::default_step_limit;
  bool gave_up = false;

  std::map<std::pair<size_t, std::string>, time_point> held; // by bus, or nobody for all, and name
  std::vector<caf::resumable*> parked;                       // jobs of actors that are held
  time_point next_unpark = time_point::max();

  std::vector<bus_entry> buses;
  std::vector<link_entry> links;
  std::vector<source_entry> sources;
  std::vector<consumer_entry> consumers;
  std::vector<client_entry> clients;
  std::map<std::pair<size_t, std::string>, std::vector<size_t>> members; // consumers by bus and subscription id
  std::vector<std::pair<std::string, caf::actor>> adopted;
  std::map<caf::actor_id, std::string> names;             // of adopted actors
  std::vector<actor_entry> actors;                        // by actor id; those beyond the end are nobody's
  std::set<caf::actor_id> scripted;                       // sources of the harness itself
  std::set<std::pair<size_t, std::string>> foreign_types; // published at a bus by actors of the test's own
  std::vector<user_law> laws;
  stream_ledger ledger;
  bool losses_are_exact = false;

  run_trace trace;
  std::vector<std::string> broken;
  size_t broken_after = 0;            // decisions made by then
  std::vector<std::string> explained; // the picks of a replayed schedule
};

} // namespace cafbus::testing
