#include "actors/mailbox_bounds.hpp"

#include <utility>

namespace cafbus {

mailbox_bounds bounds_of(const runtime_limits& limits, std::shared_ptr<queue_budget> budget) {
  return {limits.queue_capacity, limits.queue_bytes, defaults::delivery_bytes, std::move(budget)};
}

} // namespace cafbus
