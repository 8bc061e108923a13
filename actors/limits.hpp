#pragma once
#include "actors/bounded_mailbox.hpp"
#include "config/bus_options.hpp"
#include "messages/actors.hpp"

#include <memory>

namespace cafbus {

/// Takes over what has changed.
void apply(const reconfigure& x, bus_options& options);

/// The bounds of one consumer's mailbox.
bounded_mailbox::limits mailbox_limits(const bus_options& options, std::shared_ptr<queue_budget> budget);

} // namespace cafbus
