#include "io/daemon/descriptor_budget.hpp"

#include "config/defaults.hpp"

#include <algorithm>
#include <string>

namespace cafbus {

namespace {

/// One consumer's beside those that are kept back.
constexpr uint64_t least_descriptors = defaults::own_descriptors + defaults::spare_connections + 1;

/// One of so many parts is for hooks that run, one for the errors of processes that they leave, one for links.
constexpr uint64_t parts = 8;

result<void> expect_descriptors(uint64_t descriptors, uint64_t needed) {
  if (descriptors >= needed)
    return {};
  return failure{failure_kind::unavailable, "there are descriptors for " + std::to_string(descriptors) +
                                                " files (RLIMIT_NOFILE), and the bus needs " + std::to_string(needed) +
                                                "; raise the limit with `ulimit -n`"};
}

} // namespace

result<uint64_t> without_sources(uint64_t descriptors, size_t sources) {
  auto taken = sources * defaults::source_descriptors;
  if (auto enough = expect_descriptors(descriptors, least_descriptors + taken); !enough)
    return enough.error();
  return descriptors - taken;
}

result<uint32_t> link_share(uint64_t descriptors) {
  constexpr uint64_t least = 8;
  constexpr uint64_t most = defaults::max_node_links + 64;
  auto result = std::clamp(descriptors / parts, least, most);
  if (auto enough = expect_descriptors(descriptors, least_descriptors + result); !enough)
    return enough.error();
  return static_cast<uint32_t>(result);
}

void limit_to(uint64_t descriptors, bus_options& x) {
  constexpr uint64_t most = defaults::most_connections + defaults::spare_connections;
  const auto part = (descriptors - least_descriptors) / parts;
  auto hooks = std::clamp<uint64_t>(part, 1, x.max_hooks);
  auto left = std::clamp<uint64_t>(part, 1, defaults::max_left_groups);
  auto beyond_first = 2 * (hooks - 1) + (left - 1); // the first ones' are among our own
  x.max_hooks = static_cast<uint32_t>(hooks);
  x.max_left_groups = static_cast<uint32_t>(left);
  x.descriptors = static_cast<uint32_t>(std::min(descriptors - defaults::own_descriptors - beyond_first, most));
  auto allowed = x.descriptors - defaults::spare_connections;
  x.max_connections = x.max_connections == 0 ? allowed : std::min(x.max_connections, allowed);
}

} // namespace cafbus
