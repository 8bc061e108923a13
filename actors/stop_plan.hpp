#pragma once
#include "config/defaults.hpp"

#include <chrono>
#include <cstdint>

namespace cafbus {

/// What a bus is doing between its start and its end; the steps of its stop in their order.
enum class bus_stage : uint8_t {
  running,
  ending_sources, ///< Nothing new comes in.
  draining,       ///< Listener and in-process conns hand out what is queued.
  cleaning_up,    ///< Clean-ups run.
  cutting_short,  ///< Clean-ups that take too long are ended.
  ending_parts,   ///< All that the bus owns ends.
  ended,
};

/// How a bus stops: which step follows which, and how long each may take. Each step has a limit of its own; where the
/// whole stop is bounded, it also has no more than what is left of its share. Knows no actors: its caller reports
/// what has happened, and carries out the stage.
///
/// Invariant: the stage only grows.
class stop_plan {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using nanoseconds = std::chrono::nanoseconds;

  bus_stage stage() const noexcept { return stage_; }
  bool running() const noexcept { return stage_ == bus_stage::running; }

  /// Leaves `running` for the first step. @pre running()
  /// @param drain_timeout Of each consumer.
  /// @param within Of the whole stop; 0: only the steps' own limits.
  void begin(time_point now, nanoseconds drain_timeout, nanoseconds within) noexcept;

  /// Sets a limit for a stop in progress, or a tighter one. @returns whether that changes the limit of the step.
  bool tighten(time_point now, nanoseconds within) noexcept;

  /// The step has come to its end. @pre !running() @returns the next.
  bus_stage done() noexcept;

  /// The step has taken longer than its limit. @pre !running() @returns the next.
  bus_stage overdue() noexcept;

  /// What the step may still take if it has just begun, or the bound has just been set.
  nanoseconds limit(time_point now) const noexcept;

  /// For consumers to take what is queued for them, before they get their `bye`. @pre draining
  nanoseconds hand_out_limit(time_point now) const noexcept;

  /// From SIGTERM to SIGKILL of the commands that are cut short.
  nanoseconds kill_after() const noexcept;

private:
  nanoseconds at_most(nanoseconds usual, double share, time_point now) const noexcept;

  bus_stage stage_ = bus_stage::running;
  nanoseconds drain_timeout_{0};
  nanoseconds within_{0}; // from `began_` on; 0: not bounded
  time_point began_{};
};

} // namespace cafbus
