#pragma once
#include "actors/bus.hpp"
#include "testing/decisions.hpp"
#include "testing/laws.hpp"
#include "testing/message_relay.hpp"
#include "testing/scripts.hpp"
#include "testing/socket_client.hpp"
#include "testing/trace_options.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace cafbus::testing {

/// What goes over a link, by direction.
enum class flow : uint8_t {
  events,  ///< From the bus that has the events to the one that takes them.
  answers, ///< Back: what is wanted, and the credit for more.
};

struct harness_options {
  /// With CAF's I/O module, simulated: clients can connect to buses. As in the daemon, hub, conns and sessions then run
  /// on one thread and hand each other what they can at once, so `hold` does not keep that back.
  bool sockets = false;
};

/// Whole buses in one process, one thread and virtual time: one CAF actor system whose
/// scheduler draws by lot which actor handles its next message, and sometimes lets a little time go by while others
/// wait. The seed decides everything: the same calls with the same seed give the same trace, byte for byte. A year
/// passes in an instant if nothing happens in it.
///
/// What is added gets a number, 0 for the first of its kind. Nothing happens but in `step`, `settle`, `run_for` and
/// `finish`. Every event that a consumer sees goes through the laws at once; `finish` checks the rest.
///
/// Not for several threads. Several harnesses may be alive at a time. Nothing throws, but for a number that no
/// call has returned: `std::out_of_range`, and where it is said.
class harness {
public:
  using duration = std::chrono::nanoseconds;

  explicit harness(uint64_t seed);
  explicit harness(run_plan plan, const harness_options& options = {});
  harness(const harness&) = delete;
  harness& operator=(const harness&) = delete;

  /// Ends everything that was spawned. Aborts if an actor is still there an hour later, for CAF would wait for ever.
  ~harness();

  // -- the cast ------------------------------------------------------------------------------------------------------

  /// A bus. Unless it is told otherwise it never ends for idleness and is node 1, 2, 3 and so on.
  size_t add_bus(const std::string& name, bus_options options = {});

  /// Makes bus `to` take what its consumers want from bus `from`, as `--source node:` does.
  size_t add_link(size_t from, size_t to);

  size_t add_source(const std::string& name, size_t bus, source_script script);

  size_t add_consumer(const std::string& name, size_t bus, consumer_script script);

  /// A program at the socket of a bus. @pre the harness has sockets; else `std::logic_error`.
  socket_client& add_client(const std::string& name, size_t bus, client_script script = {});

  /// An actor of the test's own, which it has spawned in `system()`: it has this name in the trace, is asked to leave
  /// (`exit_reason::user_shutdown`) when `finish` lets the consumers leave, and is killed with the harness, so that the
  /// test need not keep it. Subscribers and sources that are not adopted work as well, but must end by themselves.
  /// @param name May be empty: CAF's.
  void adopt(const caf::actor& actor, const std::string& name = {});
  template <class TypedActor>
  void adopt(const TypedActor& actor, const std::string& name = {}) {
    adopt(caf::actor_cast<caf::actor>(actor), name);
  }

  /// A law of the test's own, asked after each message that an actor has handled, on the calling thread: it must be
  /// quick and send nothing. What it looks at must live until `finish` is over. Its first breach goes into `broken`.
  void add_law(const std::string& name, std::function<bool()> holds);

  /// All that consumers who are in want has been heard wherever it was to be heard. From now on whatever is taken in at
  /// any bus from which they are reached, and wanted by them, is to come to them or to be counted as dropped for them,
  /// to the event, whatever happens on the way; `finish` checks that. To a consumer that comes later, or is reached
  /// later from a bus, that applies from the moment on in which its own bus hears how far that other one is, or from
  /// the next call. Not to what a bus took in that has crashed or stopped: that may have gone down with it.
  void expect_exact_losses();

  // -- time ----------------------------------------------------------------------------------------------------------

  /// One message of one actor, by lot; or, if nobody has one, on to the next timer. False: neither.
  bool step();

  /// Runs all that can be run now, without letting time pass.
  void settle();

  void run_for(duration x);

  /// Runs until the predicate holds, which is asked after each message, for at most `within` of virtual time.
  /// @returns whether it has come to hold; if not, that is a breach: `what` was awaited.
  bool eventually(const std::function<bool()>& predicate, duration within, const std::string& what = "eventually");

  /// Says as a breach what did not hold.
  void ensure(bool holds, const std::string& what);

  static constexpr uint64_t default_step_limit = 10'000'000;

  /// How many messages may be handled without a moment in which no actor has one. More are taken for a talk without
  /// end: `broken` says who talks, and nothing runs any more.
  void step_limit(uint64_t messages);

  /// Since the start.
  duration now() const;

  // -- faults --------------------------------------------------------------------------------------------------------

  /// Nothing passes the link; what was on its way is lost, and each end learns of it by itself, within `notice`.
  /// Attempts to connect are refused.
  void cut(size_t link, duration notice = std::chrono::seconds{2});
  /// The next attempt to connect succeeds. Attempts have pauses between them, up to 6 s.
  void heal(size_t link);
  /// From now on messages over the link take this long, each direction keeping its order.
  void delay(size_t link, duration shortest, duration longest);
  /// The same for one direction.
  void delay(size_t link, flow direction, duration shortest, duration longest);
  /// No more than so many bytes per second go over the link in this direction, about: what is sent waits for what was
  /// sent before it. 0: any number, as at first.
  void bandwidth(size_t link, flow direction, uint64_t bytes_per_second);
  /// A partition in one direction: what goes that way waits, in its order, until it is unblocked; the other direction
  /// flows. Nobody is told. Nobody connects meanwhile, for that takes both.
  void block(size_t link, flow direction);
  void unblock(size_t link, flow direction);
  /// The connection breaks, and what was on its way is lost; both ends know at once and may connect again.
  void reset(size_t link);
  /// The sending end dies, as if by a fault of its own; the link is made again.
  void kill_export(size_t link);

  void kill_consumer(size_t consumer);
  /// It keeps its credit back from its next delivery on.
  void stick(size_t consumer);
  void release(size_t consumer);

  /// One that is `attached` takes its bus with it.
  void kill_source(size_t source);

  /// The bus stops as `stop_within` has it; it stays away.
  void stop_bus(size_t bus);

  /// Its process dies, without a word: its sources and consumers are gone with it, and other buses learn of it within
  /// `notice`. What its own sources had published may be lost without anybody being told; what other buses had sent
  /// over it, or should have, is told.
  void crash_bus(size_t bus, duration notice = std::chrono::seconds{2});

  /// What the bus takes for the time of day is so much later than it is, or earlier: `observed_at`, the time of the
  /// last event, the age of what is replayed. Its timers do not look at that.
  void skew_clock(size_t bus, duration x);

  /// A new process in the place of a crashed or stopped one: it has the same name and links, but no consumer and no
  /// source. It remembers nothing, and is another node.
  /// @pre it has crashed or was stopped
  void restart_bus(size_t bus);
  /// The same with other options: what it remembers is what lies where these say. Node 0: another node than before. One
  /// that keeps its node must go on with its numbers.
  void restart_bus(size_t bus, bus_options options);

  /// No actor of this name (hub, conn, bus, node-export, ...) gets a turn before `x` has passed: all that is on the way
  /// to it is late, and overtaken by what others send each other.
  void hold(const std::string& actor_name, duration x);
  /// The same for actors of one bus: those that it has spawned, its links included, and what these have spawned.
  void hold(size_t bus, const std::string& actor_name, duration x);

  // -- what came of it -----------------------------------------------------------------------------------------------

  /// Lets all faults end: links are healed, consumers released, sources silent. When everything has come to rest, new
  /// events are published at every living bus and must reach every living consumer that wants them; counters must
  /// balance; when the consumers then leave, no interest may be left; buses must stop within their time.
  /// Nothing but reading makes sense afterwards.
  void finish();

  /// Conservation and bounds as they stand in the midst of it.
  void check_counters();

  /// Every breach of a law, in words.
  const std::vector<std::string>& broken() const;

  /// A line for every event that a consumer saw, for every fault and note, and, if wanted, for every message, with its
  /// time; of a long run the end. Valid until the next call.
  const std::string& trace() const;

  /// What the trace holds from now on.
  void trace_as(trace_options options);

  /// A line of the test's own in the trace.
  void note(const std::string& text);

  /// The bus's own account; empty if it has ended.
  status_response status(size_t bus);

  const bus_parts& parts(size_t bus) const;
  caf::actor_system& system();
  std::mt19937_64& random();
  /// From 0 to n - 1, by lot. A decision of the run: a replay repeats it, a shortened schedule may have 0 instead. So
  /// faults that hang on it are part of what is shortened; what comes from `random` is not. @pre n > 0
  size_t draw(size_t n);

  /// What the run has decided so far, so that it can be repeated.
  run_record record() const;

  uint64_t events_seen() const; ///< By all consumers.
  uint64_t steps() const;
  uint64_t losses_told() const; ///< To the consumers, as of `finish`, after `expect_exact_losses`.

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace cafbus::testing
