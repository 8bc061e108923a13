#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstddef>

namespace cafbus {

/// Both ends of a pipe, close-on-exec.
struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

result<pipe_ends> make_pipe();

/// What a pipe holds at most, unless somebody has made it larger. A read of that size takes all that is there, and ends
/// although the writer goes on: a loop until nothing is there need not end.
inline constexpr size_t pipe_bytes = 64 * 1'024;

/// Makes reads and writes of `fd` return at once.
void set_nonblocking(int fd) noexcept;

} // namespace cafbus
