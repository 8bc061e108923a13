#pragma once
#include <string>

namespace cafbus::bench {

/// The other process of the mode `link`: takes events that are a message each. Does not return; @returns 1 if it cannot
/// listen. @param port_file Gets the port where it can be reached.
int run_message_taker(const std::string& port_file);

} // namespace cafbus::bench
