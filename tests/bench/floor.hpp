#pragma once
#include <cstddef>
#include <string>

namespace cafbus::bench {

/// How many frames of that size are prepared, and written at once.
constexpr size_t floor_frames(size_t frame_size) {
  constexpr size_t written_at_once = 256 * 1'024;
  return frame_size < written_at_once ? written_at_once / frame_size : 1;
}

/// The floor's server: one thread that writes prepared frames to every consumer as fast as they take them. A
/// connection's first byte says what it is: 'c' a consumer, answered with a line; 'p' the one that starts it with a
/// frame as a line, ends it with another line, and gets the number of events of each consumer as the answer.
/// @returns the exit code.
int run_floor(const std::string& socket);

} // namespace cafbus::bench
