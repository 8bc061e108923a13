#pragma once
#include "base/result.hpp"
#include "config/bus_options.hpp"

#include <cstddef>
#include <cstdint>

/// How the daemon shares out the descriptors that it may have, so that accept() always finds one: without one it would
/// fail and be tried again for ever.
namespace cafbus {

/// Takes from `descriptors` what so many sources need. @returns a failure if fewer remain than a bus needs.
result<uint64_t> without_sources(uint64_t descriptors, size_t sources);

/// Descriptors for connections of other buses, so that they cannot take those of consumers: a part of all. @returns a
/// failure if the others are too few then.
result<uint32_t> link_share(uint64_t descriptors);

/// Puts into `x` how many connections and hooks there may be, of those that were asked for, and for how many ids
/// processes of an `on_first` may be left. @pre `descriptors` are without those of sources and links.
void limit_to(uint64_t descriptors, bus_options& x);

} // namespace cafbus
