#pragma once
#include "testing/harness.hpp"

#include <functional>
#include <string>
#include <vector>

namespace cafbus::testing {

/// A bug to be found: a consumer named `planted` whose conn does not hear, while `is_deaf`, that events were lost.
void plant_deaf_conn(harness& x, size_t bus, const std::vector<std::string>& types, std::function<bool()> is_deaf);

/// Whether a law has noticed it.
bool is_deaf_conn_found(const harness& x);

} // namespace cafbus::testing
