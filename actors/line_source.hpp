#pragma once
#include "actors/line_reader.hpp"
#include "actors/source_spec.hpp"
#include "messages/actors.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <functional>

namespace cafbus {

/// INTERNAL: time to start the command again.
struct restart_due {};

using line_source_actor = source_actor::extend<caf::reacts_to<reader_ended>, // from its reader
                                               caf::reacts_to<restart_due>>; // INTERNAL

struct line_source_options {
  source_spec spec;
  hub_actor hub;
  bus_actor bus;
  uint32_t retries = 0; ///< Restarts in a row without an event between them, before it gives up.
};

/// A source of NDJSON lines: standard input or a command. It owns a reader that does the blocking work; restarts a
/// command that has ended, after a pause that doubles up to a limit; reports every change of state to the hub; tells
/// the bus when it has ended for good, and ends.
///
/// Invariant: at most one reader is running, that of the current `epoch`; `input` is set iff one is.
struct line_source_state {
  static inline const char* name = "source";

  explicit line_source_state(line_source_actor::pointer self) : self{self} {}

  /// Whatever ends the source, its reader must end, too.
  ~line_source_state();

  line_source_state(const line_source_state&) = delete;
  line_source_state& operator=(const line_source_state&) = delete;

  void start();
  void on_stop();
  void on_reader_ended(const reader_ended& x);
  void retry(const std::string& detail);
  void end(const std::string& detail, bool failed = false);
  void report(const char* state, const std::string& detail);

  line_source_actor::pointer self;
  line_source_options options;
  std::shared_ptr<line_input> input;
  uint64_t epoch = 0;
  uint32_t failures = 0; // restarts since the last event
  bool stopping = false;
};

/// Spawns one. @param options All set.
source_actor spawn_line_source(caf::actor_system& system, line_source_options options);

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::restart_due)
