#pragma once
#include "testing/trace_options.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace cafbus::testing {

/// The lines of a run, each with its virtual time in seconds. Invariant: at most `options.capacity` bytes of lines, and
/// a first line that says how many are gone.
class run_trace {
public:
  trace_options options;

  void line(std::chrono::nanoseconds time, std::string_view what);

  /// Cut to its bounds.
  const std::string& text();

  static void append_time(std::string& to, std::chrono::nanoseconds x);

private:
  void forget(size_t down_to);

  std::string text_;
  uint64_t gone_ = 0; ///< Lines.
};

} // namespace cafbus::testing
