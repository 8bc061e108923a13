#pragma once
#include "testing/harness.hpp"
#include "testing/node_wire.hpp"
#include "testing/scripted_actors.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <map>
#include <optional>
#include <set>

namespace cafbus::testing {

/// Deterministic, and without anything that an actor system reads from outside.
struct harness_config : caf::actor_system_config {
  harness_config() { set("scheduler.policy", caf::atom("testing")); }
};

/// Invariant: handles are held only here and in the actors; `end_all` lets go of all of them.
struct harness::impl {
  using time_point = caf::actor_clock::time_point;

  explicit impl(uint64_t seed);

  struct bus_entry {
    std::string name;
    bus_options options;
    bus_parts parts;
    node_gate_actor gate;
    bool stopped = false;
  };
  struct link_entry {
    size_t from = 0;
    size_t to = 0;
    std::shared_ptr<node_wire> wire;
  };
  struct source_entry {
    size_t bus = 0;
    scripted_source_actor actor;
    std::shared_ptr<source_record> record;
  };
  struct consumer_entry {
    size_t bus = 0;
    scripted_consumer_actor actor;
    std::shared_ptr<consumer_record> record;
    conn_actor conn;               // null: not admitted, yet or at all
    bool since_start = false;      // it was in before the first event
    bool is_heard = false;         // at every bus from which it is reached
    std::set<size_t> peers_before; // of its subscription id, in when it came
    std::vector<uint64_t> seqs;
    uint64_t seen_local = 0; // of its own bus
    std::map<std::string, uint64_t, std::less<>> last_of_source;
    std::map<uint64_t, uint64_t> last_of_node;
  };

  // -- time
  bool step();
  bool run_one_job();
  std::vector<size_t> runnable() const;
  std::optional<time_point> next_due() const;
  void advance_to(time_point x);
  void run_for(duration x);
  void settle();

  // -- laws
  void fail(const std::string& what);
  void check(const std::string& violation, const std::string& whom);
  void on_event(size_t consumer, const sighting& x);
  void check_source(consumer_entry& c, const sighting& x);
  void on_joined(size_t consumer, const joined& x);
  void check_counters();
  void check_links();
  void check_convergence();
  void check_consumer(size_t consumer);
  void check_buses();
  void check_leaving();
  void check_stopping();
  bool lives(const consumer_entry& x) const { return x.conn && !x.record->over && !buses[x.bus].stopped; }
  bool reaches(size_t from, size_t to) const;

  void note(const std::string& what);
  std::string time_text() const;
  void count_out(size_t bus);
  void end_all();

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
  time_point began;
  uint64_t steps = 0;
  uint64_t seen = 0;
  uint64_t told = 0;
  bool anything_published = false;
  std::map<std::string, time_point, std::less<>> held;

  std::vector<bus_entry> buses;
  std::vector<link_entry> links;
  std::vector<source_entry> sources;
  std::vector<consumer_entry> consumers;

  std::string trace;
  std::vector<std::string> broken;
};

} // namespace cafbus::testing
