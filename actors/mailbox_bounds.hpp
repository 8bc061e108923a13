#pragma once
#include "config/runtime_limits.hpp"

#include <cstddef>
#include <memory>

namespace cafbus {

class queue_budget;

/// What one consumer's mailbox may hold.
struct mailbox_bounds {
  size_t events; ///< At least 1.
  size_t bytes;  ///< One event is kept even if it is larger.
  size_t delivery_bytes;
  std::shared_ptr<queue_budget> budget = nullptr; ///< What all mailboxes of a bus may hold together; null: no limit.
  bool tell_gaps = false; ///< What is dropped is kept in mind, see `bounded_mailbox::taken_gaps`.
};

mailbox_bounds bounds_of(const runtime_limits& limits, std::shared_ptr<queue_budget> budget);

} // namespace cafbus
