#pragma once
#include "testing/decisions.hpp"

#include <caf/fwd.hpp>
#include <caf/resumable.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <random>

namespace cafbus::testing {

/// Null for a job that is no actor.
caf::scheduled_actor* actor_of(caf::resumable* job);

/// Decides, by a plan, and keeps what it has decided.
class schedule {
public:
  explicit schedule(run_plan plan);

  /// Once before each turn, then `pick` until somebody gets it. 0: none.
  std::chrono::nanoseconds moment();

  /// The place of the one that comes next. @pre !jobs.empty()
  size_t pick(const std::deque<caf::resumable*>& jobs);

  /// From 0 to n - 1. @pre n > 0
  uint64_t draw(uint64_t n);

  /// With so many of a thousand chances from 1 to n - 1, else 0. @param at A number that no other call has. @pre n > 0
  uint64_t wire(uint64_t at, uint64_t n, uint32_t chance);

  const run_plan& plan() const noexcept { return plan_; }
  bool is_replay() const noexcept { return plan_.decisions.has_value(); }
  /// In the order in which they were made.
  const std::vector<decision>& made() const noexcept { return made_; }
  bool has_all() const noexcept { return !is_cut_; }
  uint64_t turns() const noexcept { return turns_; }

private:
  using kind = decision::kind;

  uint64_t decide(kind what, uint64_t at, uint64_t value);
  uint64_t planned(kind what, uint64_t at);
  size_t pick_by_priority(const std::deque<caf::resumable*>& jobs);
  size_t highest(const std::deque<caf::resumable*>& jobs) const;
  uint64_t priority(uint64_t actor) const;

  run_plan plan_;
  std::map<std::pair<kind, uint64_t>, uint64_t> planned_;
  std::mt19937_64 lot_;
  std::mt19937_64 draws_;
  std::mt19937_64 wires_;
  uint64_t turns_ = 0;
  uint64_t drawn_ = 0;
  std::vector<decision> made_;
  bool is_cut_ = false;

  // PCT
  uint64_t salt_ = 0;
  std::vector<uint64_t> changes_;        // turns, the last one first
  std::map<uint64_t, uint64_t> lowered_; // actor: its priority now
};

} // namespace cafbus::testing
