#pragma once
#include "actors/line_input.hpp"

namespace cafbus {

/// One read of something that poll() has announced.
input_step read_some(int fd, std::span<char> buffer);

} // namespace cafbus
