#include "cli/input_lines.hpp"

#include "config/defaults.hpp"

#include <algorithm>
#include <utility>

namespace cafbus {

input_lines::input_lines(on_line line, on_too_long too_long)
  : on_line_(std::move(line)), on_too_long_(std::move(too_long)), splitter_(defaults::max_frame_bytes) {}

void input_lines::append(std::string_view bytes) {
  auto newline = std::min(bytes.find('\n'), bytes.size());
  // only the line that is open can get too long: those that begin here are shorter than one piece
  if (!skipping_ && splitter_.pending() + newline + 1 > defaults::max_frame_bytes) {
    splitter_.rest();
    skipping_ = true;
    on_too_long_(++number_);
  }
  if (skipping_) {
    if (newline == bytes.size())
      return;
    skipping_ = false;
    bytes.remove_prefix(newline + 1);
  }
  splitter_.append(bytes.data(), bytes.size());
  while (auto line = splitter_.next())
    on_line_(++number_, *line);
}

void input_lines::finish() {
  if (auto line = splitter_.rest())
    on_line_(++number_, *line);
}

} // namespace cafbus
