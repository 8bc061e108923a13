#pragma once
#include "base/metrics_page.hpp"
#include "messages/frames.hpp"

#include <span>
#include <string>

/// What a status says, as metrics: one description serves `cafbus status --prometheus` and the gateway's /metrics.
namespace cafbus {

/// What is known of the bus of an app.
struct observed_bus {
  std::string app = {};
  const status_response* status = nullptr; ///< Null: the bus does not answer.
};

/// Adds each family once, with the samples of all buses.
void add_buses(metrics_page& out, std::span<const observed_bus> buses);

} // namespace cafbus
