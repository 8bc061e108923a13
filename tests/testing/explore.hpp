#pragma once
#include "testing/harness.hpp"

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace cafbus::testing {

/// Many runs of one scenario, each with another seed.
///
/// The environment changes which, so that a failure can be looked at without another build:
/// - `CAFBUS_SEEDS=n` explores the seeds from 1 to n, `CAFBUS_SEED=n` only that one, whose trace is printed.
/// - `CAFBUS_REPLAY=FILE` repeats exactly the run in the file, and prints its trace; explorations of another name then
///   do nothing.
/// - `CAFBUS_REPLAY_DIR=DIR` is where files of failing runs are written, else the working directory.
struct exploration {
  std::string name;             ///< One per program; files are called so. Letters, digits, '.', '_' and '-'.
  uint64_t seeds = 300;         ///< From 1 on.
  uint32_t pct_depth = 0;       ///< As in `run_plan`; its turns are those of the longest run so far.
  size_t failures = 10;         ///< Failing seeds after which it ends. At least 1.
  harness_options options = {}; ///< Of each run's harness.
  size_t shrink_runs = 1000;    ///< Runs to make the first failing one short; 0: it stays as it is.
  bool writes_files = true;
  std::ostream* report = nullptr; ///< Where lines go; null: standard output.
};

/// A run in which a law was broken.
struct failing_run {
  run_record record;
  std::string file; ///< That repeats it; empty: none was written.
  bool is_shortened = false;
  run_record shortest;       ///< A run that breaks the same law with fewer decisions.
  std::string shortest_file; ///< As `file`.
};

struct exploration_result {
  uint64_t runs = 0;
  uint64_t steps = 0;  ///< Messages handled in all of them; those of shortening are not counted.
  uint64_t events = 0; ///< Events seen.
  std::vector<failing_run> failing;
  bool is_other_replay = false; ///< CAFBUS_REPLAY names a file of another exploration: nothing was run.
  bool is_single = false;       ///< One seed, or a replay.
};

/// What is run: adds buses and actors, injects faults, calls `finish`. The same harness must get the same calls,
/// whatever the time and the machine. All that it keeps must be gone at its end, but for what its laws look at.
using scenario = std::function<void(harness&)>;

/// Runs them, on the calling thread. For each failing seed it prints one line: the first breach, and the command that
/// repeats the run. The first one is shortened by leaving out decisions; the shortest schedule that breaks the same law
/// is printed and written as well. A replay file that cannot be read is a failing run.
exploration_result explore(const exploration& x, const scenario& run);

/// Leaves out decisions as long as `fails` (delta debugging): first all of them, then halves, then ever smaller parts.
/// @param runs How often `fails` may be called; counted down.
/// @returns Those that are left; without any one of them it would not fail, unless `runs` was too small.
std::vector<decision> shorten(std::vector<decision> all, const std::function<bool(const std::vector<decision>&)>& fails,
                              size_t& runs);

} // namespace cafbus::testing
