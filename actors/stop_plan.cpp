#include "actors/stop_plan.hpp"

#include <algorithm>
#include <array>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// Time beyond its own limit that a part gets before the bus continues without it.
constexpr auto grace = 500ms;

/// Of a stop that is bounded as a whole: when consumers get their `bye`, and the time from SIGTERM to SIGKILL.
constexpr double handing_out_share = 0.7;
constexpr double killing_share = 0.05;

struct step {
  bus_stage next;         ///< When it is done.
  bus_stage next_overdue; ///< When its time is over.
  double share;           ///< Part of a bounded stop's whole time after which it is over.
};

/// Sources come first and have most of a bounded stop, since a command may take a second to end
/// (`defaults::source_kill_after`); what they do not use is the others'.
constexpr std::array steps{
    step{bus_stage::ending_sources, bus_stage::ending_sources, 0.0},
    step{bus_stage::draining, bus_stage::draining, 0.6},
    step{bus_stage::cleaning_up, bus_stage::cleaning_up, 0.75},
    step{bus_stage::ending_parts, bus_stage::cutting_short, 0.8},
    step{bus_stage::ending_parts, bus_stage::ending_parts, 0.9},
    step{bus_stage::ended, bus_stage::ended, 0.95},
    step{bus_stage::ended, bus_stage::ended, 1.0},
};
static_assert(steps.size() == static_cast<size_t>(bus_stage::ended) + 1);

constexpr const step& step_of(bus_stage x) noexcept {
  return steps[static_cast<size_t>(x)];
}

} // namespace

void stop_plan::begin(time_point now, nanoseconds drain_timeout, nanoseconds within) noexcept {
  drain_timeout_ = drain_timeout;
  within_ = std::max(within, nanoseconds{0});
  began_ = now;
  stage_ = step_of(stage_).next;
}

bool stop_plan::tighten(time_point now, nanoseconds within) noexcept {
  const auto bounded = within_.count() > 0;
  if (running() || within.count() <= 0 || stage_ >= bus_stage::ending_parts ||
      (bounded && began_ + within_ <= now + within))
    return false;
  within_ = within;
  began_ = now;
  return true;
}

bus_stage stop_plan::done() noexcept {
  return stage_ = step_of(stage_).next;
}

bus_stage stop_plan::overdue() noexcept {
  return stage_ = step_of(stage_).next_overdue;
}

stop_plan::nanoseconds stop_plan::limit(time_point now) const noexcept {
  const auto share = step_of(stage_).share;
  switch (stage_) {
  case bus_stage::ending_sources:
    return at_most(defaults::source_kill_after + grace, share, now);
  case bus_stage::draining:
    return at_most(hand_out_limit(now) + grace, share, now);
  case bus_stage::cleaning_up:
    return at_most(drain_timeout_, share, now);
  case bus_stage::cutting_short:
    return at_most(kill_after() + grace, share, now);
  default:
    return at_most(grace, share, now);
  }
}

stop_plan::nanoseconds stop_plan::hand_out_limit(time_point now) const noexcept {
  return at_most(drain_timeout_, handing_out_share, now);
}

stop_plan::nanoseconds stop_plan::kill_after() const noexcept {
  if (within_.count() == 0)
    return defaults::source_kill_after;
  return std::chrono::duration_cast<nanoseconds>(within_ * killing_share);
}

/// What is left of the whole stop's time up to its `share`, but no more than usual.
stop_plan::nanoseconds stop_plan::at_most(nanoseconds usual, double share, time_point now) const noexcept {
  if (within_.count() == 0)
    return usual;
  const auto due = std::chrono::duration_cast<nanoseconds>(within_ * share);
  return std::clamp<nanoseconds>(began_ + due - now, 0ns, usual);
}

} // namespace cafbus
