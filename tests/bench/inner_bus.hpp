#pragma once
#include <string>

namespace cafbus::bench {

/// What an inner bus listens on beside its own socket: see `peer::begin_line`. The line holds the events per second
/// and the bytes of a payload.
inline constexpr const char* inner_control = "control.sock";

/// A program that embeds a bus and has a source of its own in it: a detached actor that publishes batches of one.
/// @param dir Existing folder; the bus listens at `default/bus.sock` in it.
/// @returns the exit code.
int run_inner_bus(const std::string& dir);

} // namespace cafbus::bench
