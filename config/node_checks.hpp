#pragma once
#include "config/link_rights.hpp"
#include "config/node_options.hpp"
#include "config/node_place.hpp"

#include <span>
#include <vector>

namespace cafbus {

/// The permits of `node-allow`. Fails if one cannot be read, or two are for the same name.
result<std::vector<link_permit>> parse_link_permits(std::span<const std::string> texts);

/// Whether these options can make links, as far as it can be told without a file or the network. Any thread.
/// @param sources Buses that events are asked of.
result<void> check_node_options(const node_options& x, std::span<const node_place> sources);

} // namespace cafbus
