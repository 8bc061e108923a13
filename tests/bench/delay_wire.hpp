#pragma once
#include "bench/process.hpp"

#include <cstdint>
#include <string>

namespace cafbus::bench {

/// A wire that takes time: a process that passes on what comes to a port of loopback, in both directions, each byte
/// half a round trip after it has come. It holds up whoever has too much on the way, as a full wire does.
class delay_wire {
public:
  /// @param target A port of loopback. @param dir Where its files may lie.
  delay_wire(uint16_t target, uint64_t round_trip_ms, const std::string& dir);

  uint16_t port() const noexcept { return port_; }

private:
  child process_;
  uint16_t port_;
};

/// What that process does until it is ended.
/// @param port_file Gets the number of the port that it listens on.
/// @returns the exit code.
int run_delay_wire(uint16_t target, uint64_t round_trip_ms, const std::string& port_file);

} // namespace cafbus::bench
