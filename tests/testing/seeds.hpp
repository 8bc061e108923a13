#pragma once
#include <cstdint>
#include <cstdlib>

namespace cafbus::testing {

/// Which seeds a test explores: CAFBUS_SEED=n one, whose trace it prints; else CAFBUS_SEEDS=n or `usual` from 1 on.
struct seed_range {
  explicit seed_range(uint64_t usual) {
    if (const auto* one = std::getenv("CAFBUS_SEED")) {
      first = last = std::strtoull(one, nullptr, 10);
      is_one = true;
    } else if (const auto* many = std::getenv("CAFBUS_SEEDS")) {
      last = std::strtoull(many, nullptr, 10);
    } else {
      last = usual;
    }
  }

  uint64_t size() const noexcept { return last - first + 1; }

  uint64_t first = 1;
  uint64_t last = 1;
  bool is_one = false;
};

} // namespace cafbus::testing
