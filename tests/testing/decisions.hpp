#pragma once
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The course of a run as data. What a run decides by lot is a list of decisions; all else follows from the seed. So a
/// run can be written down, repeated and shortened.
namespace cafbus::testing {

/// A choice that was made otherwise than by default.
struct decision {
  enum class kind : uint8_t {
    pick,   ///< Which of the actors with a message comes next: its place in their queue. Default: 0, the head of it.
    moment, ///< How long nobody got a turn before that, in nanoseconds of virtual time. Default: 0.
    draw,   ///< What `harness::draw` said. Default: 0.
    wire,   ///< What became of bytes between a client and its bus: how many were held back, or how late they were in
            ///< nanoseconds. Default: 0.
  };
  kind what = kind::pick;
  uint64_t at = 0; ///< The turn of an actor before which it was made, counted from 1. Of draws, the draw; of
                   ///< wires, 10^9 times the client's number, counted from 1, and a number of its own.
  uint64_t value = 0;
  bool operator==(const decision&) const = default;
};

/// What decides the course of a run.
struct run_plan {
  uint64_t seed = 1;

  /// 0: each actor that has a message comes next with the same probability. Else PCT, probabilistic concurrency testing
  /// (Burckhardt and others, 2010): each actor has a priority by lot, the highest one comes next, and at `pct_depth` -
  /// 1 turns by lot the actor whose turn it would be becomes the lowest. It finds bugs that need few actors to be slow
  /// at the right moment. Choosing then takes time in proportion to the actors that wait.
  uint32_t pct_depth = 0;
  uint64_t pct_turns = 1000; ///< Those that are drawn lie within the first so many. At least 1.

  /// Exactly these, and in all else the default; nothing: by lot.
  std::optional<std::vector<decision>> decisions = {};
};

/// At most so many decisions are kept of a run; one that has made more is repeated by its seed.
inline constexpr size_t max_decisions = 200'000;

/// A run as it went.
struct run_record {
  run_plan plan; ///< Repeats it exactly, with the same calls. Without decisions if there were more than are kept.
  size_t made_at_breach = 0; ///< Decisions made until the first breach, or at all.
  uint64_t turns = 0;
  std::vector<std::string> broken;
  std::vector<std::string> picks_in_words; ///< Of a run by given decisions: what each pick meant.
};

/// A file that repeats one run: text, a line for each decision.
struct replay_file {
  std::string name; ///< Of the exploration.
  run_plan plan;
};

/// Writes it, in place of an older one.
result<void> write_replay(const std::string& path, const replay_file& x);

/// Reads what `write_replay` has written. Fails for a file that is none, or has more than `max_decisions`.
result<replay_file> read_replay(const std::string& path);

/// "pick 17 2"
std::string to_string(const decision& x);

} // namespace cafbus::testing
