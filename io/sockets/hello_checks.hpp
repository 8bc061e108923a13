#pragma once
#include "config/bus_options.hpp"
#include "messages/frames.hpp"

namespace cafbus {

/// What is wrong with a hello, with the limit and the way out; empty if nothing is.
std::string complaint(const hello& x, const bus_options& options);

/// The same of what a consumer wants to be subscribed to.
std::string name_complaint(const std::vector<std::string>& types, const std::vector<std::string>& patterns,
                           const bus_options& options);

} // namespace cafbus
