#include "testing/schedule.hpp"

#include <algorithm>
#include <caf/scheduled_actor.hpp>

namespace cafbus::testing {

namespace {

/// One in so many turns is preceded by a moment, so that timers can expire while there is work.
constexpr uint64_t moments = 64;
constexpr uint64_t longest_moment = 500'000; // ns

/// SplitMix64's last step: a number that looks like lot, always the same for the same one.
uint64_t scrambled(uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

} // namespace

caf::scheduled_actor* actor_of(caf::resumable* job) {
  const auto type = job->subtype();
  const auto is_actor = type == caf::resumable::scheduled_actor || type == caf::resumable::io_actor;
  return is_actor ? static_cast<caf::scheduled_actor*>(job) : nullptr;
}

schedule::schedule(run_plan plan)
  : plan_{std::move(plan)}, lot_{scrambled(plan_.seed)}, draws_{plan_.seed}, wires_{scrambled(~plan_.seed)} {
  salt_ = lot_();
  for (uint32_t i = 1; i < plan_.pct_depth; ++i)
    changes_.push_back(1 + lot_() % plan_.pct_turns);
  std::sort(changes_.rbegin(), changes_.rend());
  if (plan_.decisions)
    for (const auto& x : *plan_.decisions)
      planned_[{x.what, x.at}] = x.value;
}

uint64_t schedule::decide(kind what, uint64_t at, uint64_t value) {
  if (value == 0)
    return 0;
  if (made_.size() < max_decisions)
    made_.push_back({what, at, value});
  else
    is_cut_ = true;
  return value;
}

uint64_t schedule::planned(kind what, uint64_t at) {
  auto i = planned_.find({what, at});
  return i == planned_.end() ? 0 : i->second;
}

std::chrono::nanoseconds schedule::moment() {
  const auto at = turns_ + 1;
  uint64_t value = 0;
  if (is_replay())
    value = planned(kind::moment, at);
  else if (lot_() % moments == 0)
    value = 1 + lot_() % longest_moment;
  return std::chrono::nanoseconds{static_cast<int64_t>(decide(kind::moment, at, value))};
}

size_t schedule::pick(const std::deque<caf::resumable*>& jobs) {
  ++turns_;
  uint64_t value = 0;
  if (is_replay())
    value = planned(kind::pick, turns_) % jobs.size();
  else if (plan_.pct_depth > 0)
    value = pick_by_priority(jobs);
  else if (jobs.size() > 1)
    value = lot_() % jobs.size();
  return decide(kind::pick, turns_, value);
}

uint64_t schedule::draw(uint64_t n) {
  ++drawn_;
  auto value = (is_replay() ? planned(kind::draw, drawn_) : draws_()) % n;
  return decide(kind::draw, drawn_, value);
}

uint64_t schedule::wire(uint64_t at, uint64_t n, uint32_t chance) {
  uint64_t value = 0;
  if (is_replay())
    value = planned(kind::wire, at) % n;
  else if (n > 1 && wires_() % 1000 < chance)
    value = 1 + wires_() % (n - 1);
  return decide(kind::wire, at, value);
}

// -- PCT -------------------------------------------------------------------------------------------------------------

namespace {

uint64_t number_of(caf::resumable* x) {
  const auto* actor = actor_of(x);
  return actor ? actor->id() : 0;
}

} // namespace

uint64_t schedule::priority(uint64_t actor) const {
  auto i = lowered_.find(actor);
  return i == lowered_.end() ? scrambled(salt_ ^ actor) | (uint64_t{1} << 63) : i->second;
}

size_t schedule::highest(const std::deque<caf::resumable*>& jobs) const {
  size_t best = 0;
  uint64_t best_priority = 0;
  for (size_t i = 0; i < jobs.size(); ++i)
    if (auto x = priority(number_of(jobs[i])); x > best_priority) {
      best = i;
      best_priority = x;
    }
  return best;
}

size_t schedule::pick_by_priority(const std::deque<caf::resumable*>& jobs) {
  while (!changes_.empty() && changes_.back() <= turns_) {
    changes_.pop_back(); // the later it is lowered, the lower
    lowered_[number_of(jobs[highest(jobs)])] = 1 + changes_.size();
  }
  return jobs.size() > 1 ? highest(jobs) : 0;
}

} // namespace cafbus::testing
