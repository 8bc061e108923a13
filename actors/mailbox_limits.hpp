#pragma once
#include "actors/bounded_mailbox.hpp"
#include "config/runtime_limits.hpp"

#include <memory>

namespace cafbus {

/// The bounds of one consumer's mailbox.
bounded_mailbox::limits mailbox_limits(const runtime_limits& limits, std::shared_ptr<queue_budget> budget);

} // namespace cafbus
