#pragma once
#include "testing/harness.hpp"

namespace cafbus::testing {

/// Kinds of `inject_link_fault`.
inline constexpr uint64_t link_faults = 6;

/// Cuts, heals or delays a link, or kills its exporting end. @pre kind < link_faults
void inject_link_fault(harness& x, uint64_t kind, size_t link);

/// The scenario that is explored: three buses, all linked both ways round the corner (a -> b -> c, a -> c, c -> a), six
/// consumers on them that are fast, slow, stuck or die, four sources, and faults by lot.
struct partition_scenario {
  explicit partition_scenario(harness& y) : x{y} {}
  explicit partition_scenario(uint64_t seed) : own{std::make_unique<harness>(seed)}, x{*own} {}

  /// @param plant Adds something of its own before anything is published; may be empty.
  void run(const std::function<void(partition_scenario&)>& plant = {});

  void build();
  void one_fault();
  void heard();

  std::unique_ptr<harness> own; ///< Null: somebody else's.
  harness& x;
  size_t a = 0;
  size_t b = 0;
  size_t c = 0;
  size_t consumers = 0;
  size_t links = 0;
  size_t sources = 0;
  bool bus_stopped = false;
};

} // namespace cafbus::testing
