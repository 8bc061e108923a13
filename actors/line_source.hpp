#pragma once
#include "actors/add_sources.hpp"
#include "actors/backoff.hpp"
#include "actors/line_reader.hpp"
#include "actors/source_spec.hpp"
#include "config/defaults.hpp"
#include "messages/actors.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <functional>

namespace cafbus {

/// INTERNAL: time to start again.
struct restart_due {};

/// INTERNAL timer: has it been silent for too long? Stale unless the ticket is the current one.
struct silence_check {
  uint64_t ticket = 0;
};

using line_source_actor = source_actor::extend<caf::reacts_to<reader_state>,    // from its reader
                                               caf::reacts_to<reader_progress>, // from its reader
                                               caf::reacts_to<reader_ended>,    // from its reader
                                               caf::reacts_to<restart_due>,     // INTERNAL
                                               caf::reacts_to<silence_check>>;  // INTERNAL

/// Opens an input and spawns the reader on it; a parameter, so that tests can be the reader.
/// @returns the input, whose `stop` ends the reader.
using reader_starter = std::function<opened_input(reader_owner_actor owner, uint64_t epoch)>;

struct line_source_options {
  source_spec spec;
  hub_actor hub;
  bus_actor bus;
  uint32_t retries = 0; ///< Failures in a row without an event between them, before it gives up; a file never does.
  std::chrono::nanoseconds max_silence{0}; ///< Without an event for that long it is stale; 0: never.
  uint64_t seed = 0;                       ///< Of the jitter.
  reader_starter start_reader = nullptr;   ///< Null: the real one.
  size_t max_json_depth = defaults::max_json_depth;
  command_defaults commands = {}; ///< Of `exec:`.
  std::string positions = {};     ///< Folder where `file:` remembers how far it has read; empty: it does not.
};

/// A source of NDJSON lines: standard input, a file or a command. It owns a reader that does the blocking work; starts
/// it again when it has ended, after a pause that doubles up to a limit, or after the command's interval; reports every
/// change of state to the hub; tells the bus when it has ended for good, and ends.
///
/// Invariant: at most one reader is running, that of the current `epoch`; `input` is set iff one is. A silence check of
/// the current ticket is pending iff the state is connected and `max_silence` is set.
struct line_source_state {
  static inline const char* name = "source";

  explicit line_source_state(line_source_actor::pointer self) : self{self} {}

  /// Whatever ends the source, its reader must end, too.
  ~line_source_state();

  line_source_state(const line_source_state&) = delete;
  line_source_state& operator=(const line_source_state&) = delete;

  void start();
  void on_stop();
  void on_reader_state(const reader_state& x);
  void on_reader_progress(const reader_progress& x);
  void on_reader_ended(const reader_ended& x);
  void on_silence_check(const silence_check& x);

  opened_input open();
  void restart(const std::string& detail);
  void retry(const std::string& detail);
  void wait_for_restart(source_state state, const std::string& detail, const std::string& which);
  void end(const std::string& detail, bool failed = false);
  void report(source_state state, const std::string& detail);
  void watch_for_silence(std::chrono::nanoseconds limit);

  line_source_actor::pointer self;
  line_source_options options;
  std::shared_ptr<line_input> input;
  source_state current = source_state::unknown; // as last reported
  backoff pauses{defaults::source_backoff, defaults::source_backoff_max, 0};
  std::chrono::steady_clock::time_point last_event{};
  uint64_t silence_ticket = 0; // CAF 0.17 cannot cancel a timer; a stale one is ignored
  uint64_t epoch = 0;
  uint32_t failures = 0; // in a row, since the last event
  bool stopping = false;
};

/// Spawns one. @param options Spec, hub and bus set.
source_actor spawn_line_source(caf::actor_system& system, line_source_options options);

/// Spawns one and makes it a source of the bus. @pre `spec` is no node
void attach_line_source(caf::actor_system& system, const bus_parts& parts, const bus_options& options,
                        const source_spec& spec, const source_setup& setup);

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::restart_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::silence_check)
