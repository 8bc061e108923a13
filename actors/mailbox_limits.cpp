#include "actors/mailbox_limits.hpp"

#include <utility>

namespace cafbus {

bounded_mailbox::limits mailbox_limits(const runtime_limits& limits, std::shared_ptr<queue_budget> budget) {
  return {limits.queue_capacity, limits.queue_bytes, defaults::delivery_bytes, std::move(budget)};
}

} // namespace cafbus
