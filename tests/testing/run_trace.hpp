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

  void line(std::chrono::nanoseconds time, std::string_view what) {
    write_line(time, [what](std::string& to) { to.append(what); });
  }

  /// @param append Puts the line, without its end, behind what is in a string.
  template <class Append>
  void write_line(std::chrono::nanoseconds time, const Append& append) {
    if (options.capacity == 0)
      return;
    append_time(text_, time);
    text_ += ' ';
    append(text_);
    text_ += '\n';
    if (text_.size() / 2 > options.capacity) // twice as much as may stay, so that a line costs its length
      forget(options.capacity);
  }

  /// Cut to its bounds.
  const std::string& text();

  static void append_time(std::string& to, std::chrono::nanoseconds x);

private:
  void forget(size_t down_to);

  std::string text_;
  uint64_t gone_ = 0; ///< Lines.
};

} // namespace cafbus::testing
