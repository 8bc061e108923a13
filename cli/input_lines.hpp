#pragma once
#include "messages/frame_splitter.hpp"

#include <cstdint>
#include <functional>
#include <string_view>

namespace cafbus {

/// Cuts an input into numbered lines. One that is too long is reported and passed over, and the next one is fine again
/// (a `frame_splitter` alone gives up there, as a connection must).
class input_lines {
public:
  using on_line = std::function<void(uint64_t number, std::string_view line)>;
  using on_too_long = std::function<void(uint64_t number)>;

  input_lines(on_line line, on_too_long too_long);

  /// Takes in what was read, in pieces of at most 64 KiB.
  void append(std::string_view bytes);

  /// The input is over: what stands after the last newline is a line, too.
  void finish();

private:
  on_line on_line_;
  on_too_long on_too_long_;
  frame_splitter splitter_;
  uint64_t number_ = 0;
  bool skipping_ = false;
};

} // namespace cafbus
